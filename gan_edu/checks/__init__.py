"""Checks: questions that answer back.

    from gan_edu.checks import chapter_00 as q

    q.noise.hint()          # the first hint; call it again for the next, more telling one
    q.noise.check(noise)    # not attempted, not yet (and why), or right (and one thing more to know)
    q.noise.solution()      # one way to write it

`progress()` and `show_progress()` tell what is done. How to write questions: `gan_edu.checks.engine`.
"""

from gan_edu.checks.record import progress, show_progress

__all__ = ["progress", "show_progress"]
