"""gan_edu.data.sounds and gan_edu.sound_judges: what is put in is found again, and bad input gets one sentence."""

import json
import math
from pathlib import Path

import pytest
import torch

from gan_edu import models, nets, sound_judges
from gan_edu.data import sounds
from tools import train_waves


def test_vowels_are_as_described():
    v = sounds.vowels(20, 600, seed=0, pitch=(120, 240), glide=0.2)
    assert v.waves.shape == v.pitch.shape == (20, 600) and v.labels.shape == (20,)
    assert torch.allclose(v.waves.square().mean(dim=1).sqrt(), torch.full((20,), sounds.LEVEL))
    assert ((v.pitch[:, 0] >= 120) & (v.pitch[:, 0] <= 240)).all()
    assert torch.equal(v.waves, sounds.vowels(20, 600, seed=0, pitch=(120, 240), glide=0.2).waves)
    assert "heed" in repr(v)


def test_the_pulses_are_the_source():
    v = sounds.vowels(5, 2000, seed=1, speakers=0, breath=0, words="had")
    again = sounds.resonate(v.pulses, torch.tensor([sounds.FORMANTS["had"]]).expand(5, 3))[:, 400:]
    assert (torch.nn.functional.cosine_similarity(again, v.waves[:, 400:]) > 0.999).all()


@pytest.mark.parametrize("word", sounds.FORMANTS)
def test_formants_are_where_the_table_says(word):
    v = sounds.vowels(1, 4096, seed=0, words=word, pitch=(20, 20), speakers=0, breath=0)  # harmonics 20 Hz apart
    strengths = torch.fft.rfft(v.waves[0, :4000] * torch.hann_window(4000)).abs()[::10]  # of the harmonics
    strengths = strengths * torch.arange(len(strengths))  # without the slope of the pulses
    for formant, width in zip(sounds.FORMANTS[word], sounds.WIDTHS, strict=True):
        low, high = int((formant - 2 * width) / 20), int((formant + 2 * width) / 20) + 1
        peak = (low + strengths[low:high].argmax().item()) * 20
        assert abs(peak - formant) <= 40


def test_harmonics_above_half_the_rate_are_left_out():
    pitch = torch.full((1, 800), 1500.0)
    turns = (pitch / sounds.RATE).cumsum(dim=1)
    wave = sounds.harmonics(turns, pitch, torch.ones(5))
    exact = torch.cos(2 * math.pi * turns) + torch.cos(4 * math.pi * turns)
    assert torch.allclose(wave, exact, atol=1e-3)


def test_tones_are_as_described():
    t = sounds.tones(20, 1000, seed=0, pitch=(120, 240), glide=0.2)
    assert t.waves.shape == t.pitch.shape == t.pulses.shape == (20, 1000) and t.labels.shape == (20,)
    assert t.waves.dtype == t.pulses.dtype == torch.float32 and "organ" in repr(t)
    assert torch.allclose(t.waves.square().mean(dim=1).sqrt(), torch.full((20,), sounds.LEVEL))
    assert torch.equal(t.waves, sounds.tones(20, 1000, seed=0, pitch=(120, 240), glide=0.2).waves)
    assert sounds.tones(3, 1, seed=0).waves.isfinite().all()
    steady = sounds.tones(30, 1000, seed=1)
    found, periodic = sound_judges.pitch(steady.waves)
    assert (1200 * (found / steady.pitch[:, 0]).log2()).abs().quantile(0.9) < 20 and periodic.median() > 0.9


@pytest.mark.parametrize(
    ("name", "there", "missing"),
    [("organ", (1, 2, 3, 4, 6, 8), (5, 7)), ("clarinet", (1, 3, 5), (2, 4, 6)), ("plucked string", (1, 2, 3), (5, 10))],
)
def test_tones_have_their_harmonics(name, there, missing):
    wave = sounds.tones(1, 4000, seed=0, instruments=name, pitch=(100, 100), breath=0).waves[0]
    strengths = torch.fft.rfft(wave * torch.hann_window(4000)).abs()[::50]  # at 0, 100, 200, … Hz
    assert min(strengths[k] for k in there) > 5 * max(strengths[k] for k in missing)


def test_a_plucked_string_fades_and_its_high_harmonics_first():
    t = sounds.tones(1, 8000, seed=0, instruments="plucked string", pitch=(100, 100), breath=0)
    early, late = (torch.fft.rfft(t.waves[0, at : at + 800]).abs()[10::10] for at in (0, 4000))
    assert late[0] / early[0] == pytest.approx(math.exp(-0.5 * 1.05 / 0.5), rel=0.05)
    assert late[5] / early[5] < late[1] / early[1] < late[0] / early[0] < 1
    steady = sounds.tones(1, 8000, seed=0, instruments="organ", pitch=(100, 100), breath=0).waves[0]
    assert steady[-800:].square().mean() == pytest.approx(steady[4000:4800].square().mean().item(), rel=0.01)


def test_pitch_is_found():
    v = sounds.vowels(50, 800, seed=1)
    found, periodic = sound_judges.pitch(v.waves)
    assert (1200 * (found / v.pitch[:, 0]).log2()).abs().quantile(0.9) < 10 and periodic.median() > 0.95


def test_spectra_and_back():
    v = sounds.vowels(4, 1024, seed=2)
    assert sound_judges.log_mel(v.waves).shape == (4, 32, 17)
    assert torch.allclose(sound_judges.mel_bands().sum(dim=1), torch.ones(32))
    assert sound_judges.mel_to_hertz(sound_judges.hertz_to_mel(440.0)) == pytest.approx(440)
    strengths = sound_judges.spectrogram(v.waves)
    again = sound_judges.griffin_lim(strengths, 1024)
    first = sound_judges.griffin_lim(strengths, 1024, rounds=0)
    off = [(sound_judges.spectrogram(x) - strengths).abs().mean() for x in (again, first)]
    assert off[0] < off[1] / 2
    same = sound_judges.filtered(v.waves, torch.zeros_like(strengths))
    assert torch.allclose(same, v.waves, atol=1e-4)


def test_minimum_phase_is_that_of_a_resonator():
    impulse = torch.zeros(1, 256)
    impulse[0, 0] = 1
    rung = torch.fft.rfft(sounds.resonate(impulse, torch.tensor([[800.0]]), (200.0,)))[..., None]
    phases = sound_judges.minimum_phase(rung.abs().log())
    assert torch.allclose(torch.polar(torch.ones_like(phases), phases), rung / rung.abs(), atol=1e-2)


def test_shape_and_lean():
    v = sounds.vowels(6, 900, seed=3, pitch=(150, 150))
    shape = sound_judges.same_shape(v.waves[:, :768], v.waves[:, 20:788])
    assert (shape > 0.95).all() and (sound_judges.same_shape(v.waves, torch.randn(6, 900)) < 0.5).all()
    assert torch.allclose(sound_judges.lean(-v.waves), -sound_judges.lean(v.waves))


def test_nets_of_waves():
    G, D, P = nets.WaveGenerator(64), nets.WaveDiscriminator(64), nets.PeriodDiscriminators((2, 3))
    made = G(torch.randn(3, G.noise_dim))
    assert made.shape == (3, 1, 64) and D(made).shape == (3, 1)
    wave = torch.randn(2, 60)
    scores = P(wave)
    assert scores.shape[0] == 2
    changed = wave.clone()
    changed[:, 1::2] += 1  # the second slow wave of period 2
    first = P.judges[0](wave[:, None, ::2]).flatten(1)
    assert torch.equal(scores[:, : first.shape[1]], first)
    assert torch.equal(P(changed)[:, : first.shape[1]], first)


def test_the_finished_generator_of_vowels_is_as_good_as_its_card_says_and_small():
    generator, facts = models.read(train_waves.ENTRY)
    assert models.path(train_waves.ENTRY).stat().st_size < 3e5 and facts["steps"] == str(train_waves.STEPS)
    card = (models.FOLDER / "CARD_waves.md").read_text(encoding="utf-8")
    assert card.startswith(train_waves.recipe_of(facts))
    promised = next(line for line in card.splitlines() if line.startswith("| **this file**")).split("|")[2:6]
    made = generator(torch.randn(300, generator.noise_dim, generator=torch.Generator().manual_seed(5)))
    assert made.shape == (300, 1, train_waves.LENGTH)
    found = train_waves.measures(made[:, 0], train_waves.waves(300, 40))
    for value, said in zip(found.values(), map(float, promised), strict=True):
        assert value == pytest.approx(said, rel=0.3, abs=0.1)


def test_chapter_55_shows_the_recorded_runs():
    text = (Path(__file__).resolve().parents[1] / "sources/chapters/55_sound.py").read_text(encoding="utf-8")
    rows = json.loads(train_waves.RECORD.read_text(encoding="utf-8"))["rows"]
    kinds = {name.split(", seed")[0]: [row for other, row in rows.items() if other.startswith(name.split(", seed")[0])]
             for name in rows}  # fmt: skip
    for kind, seeds in kinds.items():
        columns = [" · ".join(f"{row[key]:.2f}" for row in seeds) for key in ("periodic", "pitch", "near", "covered")]
        assert f"# | {kind} | {' | '.join(columns)} |" in text, kind


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: sounds.vowels(0, 10), "n"),
        (lambda: sounds.vowels(1, 10, words=("hid",)), "hid"),
        (lambda: sounds.vowels(1, 10, words=()), "at least one"),
        (lambda: sounds.vowels(1, 10, pitch=(200, 100)), "highest"),
        (lambda: sounds.tones(1, 10, instruments="flute"), "flute"),
        (lambda: sounds.tones(1, 0), "length"),
        (lambda: sounds.tones(1, 10, glide=3), "glide"),
        (lambda: sounds.vowels(1, 10, pitch=(1500, 2000), glide=1.5), "glide"),
        (lambda: sounds.tones(1, 10, seed=-1), "seed"),
        (lambda: sound_judges.pitch(torch.zeros(1, 900), 300, 200), "high"),
        (lambda: sound_judges.filtered(torch.zeros(1, 100), torch.zeros(1, 129, 2)), "129"),
        (lambda: sounds.pulses(torch.full((1, 10), 9000.0)), "pitch"),
        (lambda: sound_judges.log_mel(torch.zeros(3)), "length"),
        (lambda: sound_judges.log_mel(torch.zeros(1, 50)), "129"),
        (lambda: sound_judges.mel_bands(120), "too many"),
        (lambda: nets.WaveGenerator(50), "16"),
        (lambda: nets.PeriodDiscriminators(()), "period"),
    ],
)
def test_bad_input_gets_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_a_pitch_that_is_no_range():
    with pytest.raises(TypeError, match="lowest and a highest"):
        sounds.vowels(1, 10, pitch=120)
