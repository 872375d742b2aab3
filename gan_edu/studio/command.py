"""The command `gan-edu train`: what it says, and with which code it ends."""

from collections.abc import Callable

from gan_edu import data, training
from gan_edu.studio import report
from gan_edu.studio.plan import Asked
from gan_edu.studio.record import Refused
from gan_edu.studio.run import Studio

STOPPED = 130  # the code of what Ctrl-C ended
QUIET = ("formats", "modes", "grey", "cache")  # lines of a folder's report that only its Python needs


def train(asked: Asked, say: Callable[[str], None] = print) -> int:
    """Train as was asked for; returns the exit code. Raises Refused, in one sentence, for what can't be done."""
    try:
        studio = Studio.open(asked)
        _introduce(studio, say)
    except KeyboardInterrupt:
        say("\nStopped before training began. The same command begins again.")
        return STOPPED
    except (data.DataError, OSError, ValueError, TypeError) as error:
        raise Refused(str(error)) from None
    try:
        outcome = "reported" if asked.report_only else studio.train(say)
    except KeyboardInterrupt:  # the second Ctrl-C
        say(f"\nStopped at once. What was saved last is kept in {studio.out}. Go on: {studio.goes_on()}")
        return STOPPED
    except training.TrainingDiverged as error:
        outcome = "diverged"
        _explain(studio, error.step, say)
        if not studio.gan.step:
            return 1
    except OSError as error:
        raise Refused(f"{studio.checkpoint} can't be written ({error.strerror or error}): make room.") from None
    if not studio.gan.step:
        say(f"Stopped before the first step. To begin: {studio.goes_on()}")
        return STOPPED
    if outcome == "stopped":
        say(f"Stopped after step {studio.gan.step:,}. Everything is kept in {studio.out}. Go on: {studio.goes_on()}")
        say("Now the report is made; Ctrl-C again does without it.")
    elif outcome == "finished":
        over = f"The minutes are over: {studio.gan.step:,} of {studio.plan.steps:,}" if studio.unfinished else None
        say(f"{over or f'Finished: {studio.gan.step:,}'} steps. Now the report is made.")
    good = _report(studio, outcome, say)
    return {"stopped": STOPPED, "diverged": 1}.get(outcome, int(not good))


def _introduce(studio: Studio, say: Callable[[str], None]) -> None:
    quiet = QUIET + (("classes",) if len(studio.pictures.classes) == 1 else ())
    for line in studio.pictures.report.splitlines():
        if line.split()[0] not in quiet:
            say(line)
    lines = studio.described() | {"kept in": str(studio.out)}
    for what, text in lines.items():
        say(f"  {what:<12}{text}")
    for note in studio.notes:
        say(note)
    if studio.gan.step:
        on = "." if studio.asked.report_only else "; it goes on from there."
        say(f"{studio.gan.step:,} steps were made before{on}")


def _explain(studio: Studio, step: int, say: Callable[[str], None]) -> None:
    """Training diverged."""
    kept = studio.gan.step
    what = f"What was saved after step {kept:,} is kept" if kept else "Nothing had been saved before"
    other = studio.anew("2", seed=studio.plan.seed + 1)
    say(
        f"Training diverged at step {step:,}: a loss was no longer a finite number. {what}. The same command would end "
        f"alike, so try another seed ({other}), or a smaller --size there."
    )


def _report(studio: Studio, outcome: str, say: Callable[[str], None]) -> bool:
    """Write the report; whether that went well."""
    try:
        path = report.write(studio, outcome)
    except KeyboardInterrupt:
        say(f"\nNo report. To have it later: {studio.again('--report-only')}")
        return True
    except OSError as error:
        reason = error.strerror or error
        say(f"The report can't be written ({reason}). Make room, and then: {studio.again('--report-only')}")
        return False
    say(f"Report: {path}")
    if outcome == "finished":
        say(f"To train longer: {studio.longer()}")
    return True
