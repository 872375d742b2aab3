# %% [markdown]
# # 59 · Your own data
#
# *You came for a picture collection or a table of your own. Here you take both all the way: from files to samples, to
# numbers that you can trust, and to files again.*
#
# > **You will be able to**
# > - turn a folder of pictures into training data, and know what was left out and why
# > - measure your samples with two judges, and find out what a judge can't see
# > - find out whether your GAN copies, with controls on both sides
# > - make a synthetic table, and compare it with baselines that cost nothing
# > - estimate how long a training will take, and say what may be published
# >
# > **Before you start** [42 · a convolutional GAN](42_convolutional_gan.ipynb) trains on pictures, and
# > [36 · measuring samples](36_measuring_samples.ipynb) explains the Fréchet distance, its floor and the copy audit.
# >
# > **Minutes** {{read_minutes}} to read (there is a place for a break after section 5) · {{run_time}} to run on two CPU
# > cores · GPU (used automatically): {{gpu_time}}

# %% [markdown]
# ## The idea in a picture
#
# This could be your folder. It holds three subfolders with 400 drawings each. (We draw them here, so that you need no
# download. Imports and helpers are folded.)

# %% jupyter={"source_hidden": true}
import colorsys
import json
import shutil
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from scipy.stats import norm
from sklearn.ensemble import ExtraTreesRegressor

from gan_edu import data, device, gallery, metrics, nets, plotting, training
from gan_edu.claims import claim, identity

plotting.use_style()
temporary = tempfile.TemporaryDirectory()  # goes when the kernel goes
place = Path(temporary.name)


# %% jupyter={"source_hidden": true}
def face(mood, chance):
    """A drawing of 96 × 96 pixels; place, size, colour, eyes and mouth vary."""
    hue = chance.choice([0.13, 0.33, 0.55, 0.92]) + chance.normal(0, 0.02)
    skin = colorsys.hsv_to_rgb(hue, chance.uniform(0.5, 0.8), chance.uniform(0.85, 1))
    image = Image.new("RGB", (96, 96), "white")
    draw, radius = ImageDraw.Draw(image), chance.uniform(34, 42)
    x, y = 48 + chance.normal(0, 2, 2)

    def oval(x, y, rx, ry, fill, **line):
        draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill, **line)

    oval(x, y, radius, radius, tuple(int(255 * c) for c in skin), outline="black", width=3)
    gap, eye, w = chance.uniform(12, 17), chance.uniform(4.5, 7), chance.uniform(14, 20)
    oval(x - gap, y - 12, eye, eye, "black")
    oval(x + gap, y - 12, eye, eye, "black")
    if mood == "glad":
        draw.chord((x - w, y - 2, x + w, y + 26), 0, 180, fill="white", outline="black", width=3)
    elif mood == "sad":
        draw.arc((x - w, y + 12, x + w, y + 36), 190, 350, fill="black", width=5)
    else:
        oval(x, y + 16, 8, 10, (120, 20, 30), outline="black", width=3)
    return image


# %% jupyter={"source_hidden": true}
chance = np.random.default_rng(0)
for number in range(1200):
    mood = ("glad", "sad", "surprised")[number % 3]
    (place / "faces" / mood).mkdir(parents=True, exist_ok=True)
    face(mood, chance).save(place / "faces" / mood / f"{number:04d}.png")
glad = place / "faces" / "glad"
shutil.copy(glad / "0000.png", glad / "0000 (copy).png")
(glad / "half.png").write_bytes((glad / "0003.png").read_bytes()[:300])  # a download that broke off
_ = (place / "faces" / "notes.txt").write_text("drawn on a rainy Sunday")

# %%
faces = data.folder(place / "faces", size=32, cache=place / "cache", progress=False)
plotting.contact_sheet(faces)

# %% [markdown]
# Look at such a **contact sheet** before anything else. Are all pictures what you think they are? Is anything upside
# down, cut off, or in the wrong class?
#
# Then three questions follow you through the chapter. Are the samples **good**? Are they **new**? And are they
# **yours to show**?

# %% [markdown]
# ## 1. From a folder to a tensor
#
# Real folders are never clean. We left three troublemakers in ours: a picture whose download broke off, a text file,
# and a copy that somebody made by accident.
#
# **Predict, and say why:** 1,200 drawings and these three files lie in the folder. How many pictures will be read? And
# will reading stop at the broken one?

# %%
print(*faces.report.splitlines()[:-1], sep="\n")  # the last line says where the cache lies on your disk

# %% [markdown]
# 1,201 pictures were read. What can't be read is left out and named, and the rest goes on. The copy *was* read, because
# it is a good picture. The report calls it a **twin**.
#
# A twin does harm later: if one of the two is trained on and the other one is kept for the test, then the test is no
# longer fair. So we keep the first of equal pictures, and only then divide. In real collections, near-twins are the
# larger problem: ten photos of the same cat, all from one minute. Keep such a group together, on *one* side (exercise
# 2).

# %%
_, group = faces.pixels.flatten(1).unique(dim=0, return_inverse=True)
seen = set()
first = [i for i, k in enumerate(group.tolist()) if not (k in seen or seen.add(k))]
rows = torch.tensor(first)[torch.randperm(len(first), generator=device.generator(0))]
train_rows, held_rows, control_rows = rows[:400], rows[400:800], rows[800:]
pictures, held, control = (faces.tensor(rows=some) for some in (train_rows, held_rows, control_rows))
identity("1,200 different pictures: 400 to train, 400 held out, 400 as a control", len(rows) == 1200)

# %% [markdown]
# The data set has the values from −1 to 1, and the shape (N, 3, 32, 32). Why so small? Twice the side is at least four
# times the work (section 6).
#
# The commonest mistake is another path than you think. You get one sentence:

# %%
try:
    data.folder("faces of my cat")
except data.DataError as error:
    print(error)

# %% [markdown]
# ## 2. A GAN of your own: film, picture, file
#
# The nets are like those of chapter 42, for colours and 32 × 32 pixels: `shape=faces.shape` says so. The loss with
# pairs and R1 come from chapter 43. (With the usual loss one of two seeds lost nearly all variety.) While it trains, we
# keep what it makes of the same 24 noise vectors. That becomes a film.


# %% jupyter={"source_hidden": true}
def make_gan(seed, **changes):
    device.seed_everything(seed)
    G = nets.SubpixelGenerator(shape=faces.shape, channels=16)
    D = nets.DCGANDiscriminator(shape=faces.shape, channels=16, hidden=64)
    recipe = {"loss": "relativistic", "penalties": {"r1": 1.0}, "penalty_every": 8}
    recipe |= {"lr": 2e-3, "betas": (0.0, 0.99), "ema": 0.99}
    return training.GAN(G, D, **recipe, seed=seed, **changes)


# %%
gan = make_gan(seed=0)
noise = gan.noise(24)
film = {}
for step in training.train(gan, pictures, steps=700, batch=32):
    if step.number % 50 == 0:
        film[step.number] = gan.sample(noise).cpu()
    if step.number == 50:
        early = gan.sample(400)  # for section 3
plotting.image_grid({f"step {n}": film[n][:10] for n in (50, 200, 400, 700)} | {"real": held[:10]}, rows=1)

# %% [markdown]
# After 700 steps you recognise faces. Look for what is wrong, too: speckles, a mouth that is neither glad nor sad,
# colours of the folder that hardly ever come. (The run is short, so that the chapter fits into a minute.)
#
# Now keep three things: a picture, a film, and the model.

# %%
results = place / "results"  # on your own: Path("results"), a folder beside your notebook
results.mkdir(exist_ok=True)
gallery.save_grid(results / "faces.png", gan.sample(64), scale=2)
gallery.save_film(results / "faces.gif", list(film.values()), fps=4, columns=8, scale=2)
gan.save(results / "faces.safetensors")
print(*sorted(file.name for file in results.iterdir()))

# %% [markdown]
# Is the model in the file the one that you have? Make new nets with the *same sizes*, load the file, and give both the
# same noise:

# %%
again = make_gan(seed=1)
before = again.sample(noise)
again.load(results / "faces.safetensors")
identity("before loading, other pictures", not torch.equal(before, gan.sample(noise)))
identity("after loading, the same pictures", torch.equal(again.sample(noise), gan.sample(noise)))
identity("and training can go on at step 700", again.step == 700)

# %% [markdown]
# ## 3. Good? Ask two judges
#
# A Fréchet distance needs **features** (chapter 36). For digits and clothes the course brings a classifier along. For
# your own pictures there is none. Two ways remain:
#
# - **random features**: a net with random weights. It has learned nothing, so it can't know what matters to you.
# - **features of your own classifier**: a small net that learns *your* classes first. It looks at what tells them
#   apart.

# %%
judges = {
    "random": metrics.random_features(faces.shape),
    "classifier": metrics.trained_features(control, faces.labels[control_rows]),
}
references = {name: metrics.Reference(judge, held) for name, judge in judges.items()}
claim("the classifier names at least 9 of 10 unseen moods", judges["classifier"].accuracy >= 0.9)

# %% [markdown]
# Before you trust a judge, examine it. Take *real* pictures, and spoil them on purpose:
#
# - **wrong colours**: red, green and blue change places
# - **one mood**: only glad faces
# - **blurred**: each pixel becomes the mean of 3 × 3
#
# **Predict, and say why:** which of the three does *each* judge mind most, and which one least? The classifier has
# learned to tell glad from sad from surprised.

# %%
spoiled = {
    "wrong colours": pictures[:, [2, 0, 1]],
    "one mood": pictures[faces.labels[train_rows] == 0],
    "blurred": F.avg_pool2d(pictures, 3, stride=1, padding=1, count_include_pad=False),
    "GAN, step 50": early,
    "GAN, step 700": gan.sample(400),
}
scores = {
    name: {what: reference.frechet(images) / reference.floor(len(images)) for what, images in spoiled.items()}
    for name, reference in references.items()
}

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 2, figsize=(6.8, 2.6), sharey=True)
for ax, (name, values) in zip(axes, scores.items(), strict=True):
    colors = [plotting.FAKE if what.startswith("GAN") else plotting.REAL for what in values]
    ax.barh(list(values), list(values.values()), color=colors)
    ax.axvline(1, color="black", linestyle="--", linewidth=1.5)
    ax.set(xscale="log", title=f"judge: {name}", xlabel="Fréchet distance / floor")
axes[0].invert_yaxis()
plt.show()

# %%
random, classifier = scores["random"], scores["classifier"]
claim("random judge: nearly blind to missing moods, less than 2.5 floors", random["one mood"] < 2.5, scores)
claim("and it minds wrong colours more than 3 times as much", random["wrong colours"] > 3 * random["one mood"], scores)
claim("classifier: missing moods are much worse", classifier["one mood"] > 5 * classifier["wrong colours"], scores)
claim("but it sees wrong colours, too: more than 3 floors", classifier["wrong colours"] > 3, scores)
learned = [each["GAN, step 700"] < each["GAN, step 50"] / 2 for each in scores.values()]
claim("both judges see that the GAN has learned: less than half of the distance at step 50", all(learned), scores)

# %% [markdown]
# The black dashes are the **floor**: what other real pictures score. (Blue bars are spoiled *real* pictures.)
#
# The two judges disagree. The random judge is nearly blind to missing moods: they cost it little more than the floor.
# Wrong colours it minds most. (With another set of seeds it was blur.) The classifier was asked for moods, and it minds
# very much that two thirds of them are missing (about 100 floors). Blur it minds even more here: perhaps because it
# knows sharp mouths only. Wrong colours it minds least of the three, though it does see them.
#
# We have found one blind spot. Others may be there, for damage that we haven't tried: if these were your pictures, what
# would you spoil next? So: **use both judges, spoil real pictures in the ways that would hurt you, and see whether your
# judge notices.** A number from one judge can't be compared with that of another one, nor with a number from a paper. A
# paper's FID comes from a third judge, Inception-v3, which was trained on photographs. If you have its weights in a
# file, `metrics.inception_features(path)` is that judge.

# %% [markdown]
# ## 4. New? The copy audit
#
# A GAN that stores its training pictures has a wonderful Fréchet distance. To find copies, ask for each sample: is the
# *nearest real picture* one that was trained on, or one that was held out? There are 400 of both. Without copying,
# each is as likely as the other: a share of one half.
#
# What does "near" mean? We try two answers:
#
# - **features**: the distance in the random features of section 3
# - **pixels**: the distance of the pixels, with the sample moved to 25 places, by up to two pixels each way. The
#   smallest distance counts, for both sets alike.
#
# Like any instrument, they are tested first, on both sides:
#
# - **nobody copied**: the 400 control pictures. They are real, and were in neither set.
# - **everybody copied**: the training pictures themselves, and the same ones moved by two or three pixels, or mirrored.
#
# **Predict, and say why:** which of the two still finds copies that are moved by two pixels? By three? And what will
# they say of the GAN?

# %%
places = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]


def audit(fake, trained, unseen):
    moved = [fake.cpu().roll(by, (2, 3)).flatten(1) for by in places]
    near = [torch.stack([torch.cdist(x, some.flatten(1)).amin(1) for x in moved]).amin(0) for some in (trained, unseen)]
    return (near[0] < near[1]).float().mean().item()


# %% tags=["nbval-ignore-output"]
samples, look = gan.sample(400), judges["random"]
sets = {"real, never trained on": control, "copies": pictures}
sets |= {f"copies, moved by {n}": pictures.roll(n, dims=3) for n in (2, 3)}
sets |= {"copies, mirrored": pictures.flip(3), "GAN": samples}
shares = pd.DataFrame({
    "features": {who: metrics.copy_audit(look(x), look(pictures), look(held)).share for who, x in sets.items()},
    "pixels": {who: audit(x, pictures, held) for who, x in sets.items()},
})  # fmt: skip
print(shares.map("{:.0%}".format).to_string())

# %%
features, pixels = shares["features"], shares["pixels"]
claim(
    "real pictures that nobody trained on: about one half, for both", (shares.iloc[0] - 0.5).abs().max() < 0.12, shares
)
claim("features lose sight of copies that are moved by 2", features["copies, moved by 2"] < 0.75, shares)
exact = pixels[["copies", "copies, moved by 2"]]
identity("pixels find both: one of the 25 places gives the training picture back", exact.min() == 1)
claim("moved by 3, outside the 25 places: pixels lose sight, too", pixels["copies, moved by 3"] < 0.75, shares)
claim("mirrored: pixels find more than 3 of 4", pixels["copies, mirrored"] > 0.75, shares)
claim("the GAN: clearly below the copies", pixels["GAN"] < 0.85, shares)

# %% [markdown]
# The first instrument looked good until it was asked something harder. Copies in the same place it finds. Copies that
# are moved by two pixels of 32 it hardly tells from pictures that nobody trained on. So a low share of *that*
# instrument says little: a GAN that draws its training pictures a little further to the left would pass. The second
# one finds them, as it must: this very move is one of its 25 places. One pixel further, and it is as blind. So **an
# audit finds the changes that you thought of**. We keep the second one, and remember its range.
#
# And the GAN? It has 58 and 56 %: a little more than pictures that nobody trained on, and far less than copies. That
# is a trace of copying at most. (Samples resemble each other, so chance goes further with them than with real
# pictures.)

# %% [markdown]
# Even a good audit has limits. It finds what is *near*, in the sense that you chose: no copy that is moved further, and
# no single stolen detail. (Mirrored copies it finds here, because faces are nearly symmetric. Mirrored letters it
# wouldn't find.) An average of 400 samples may hide five copies. And if all your samples look alike, the share is near
# 0 or near 100 %, because they have the same nearest picture. So look at them. Here are the ten samples that lie
# closest to a training picture, each above that picture. Below stand ten *real* pictures, the closest of the control,
# with theirs: that is what normal looks like.

# %% tags=["nbval-ignore-output"]
rows_of_pairs = {}
for who, x in (("generated", samples), ("control", control)):
    near = metrics.nearest(x, pictures)
    closest = near.distance[:, 0].argsort()[:10]
    print(f"{who}: median distance of these ten {near.distance[closest, 0].median():.1f}")
    rows_of_pairs |= {who: x[closest].cpu(), f"nearest to {who}": pictures[near.index[closest, 0]]}
plotting.image_grid(rows_of_pairs, rows=1)

# %% [markdown]
# Would you call any of these a copy? We would not. Colour and outline agree, but several samples have another mouth
# than the picture below them: in such a distance the mouth weighs little, because it fills few pixels. And real
# pictures come closer to their neighbours (8) than these samples do (13), though speckles make up a part of that.

# %% [markdown]
# ## 5. A hundred pictures
#
# Many collections are small. What if you had only **100** faces? The discriminator sees each of them hundreds of times,
# and can come to know them. To find out, take a training picture and an unseen real picture. How often does the
# training picture get the higher logit? In half of all cases, if $D$ can't tell them apart. We call this share its
# **memory**.
#
# The usual remedy is **augmentation**: the discriminator sees each picture, real or generated, only after a random
# change. Ours are moved by up to an eighth of a side. One word does it: `augment="translation"`.
#
# We train with 100 pictures, with and without augmentation, as long as before, and from the same first weights. Two
# controls stand beside them: the run of section 2, with 400 pictures, and the *plain* hundred, **stopped early**, where
# its distance was most like that of the augmented run. For a run that is behind may copy less only because it is
# behind.
#
# **Predict, and say why:** which group has the best memory? Which one copies most? And will stopping early do the same
# as augmentation?

# %%
few, floor = pictures[:100], references["random"].floor()


def examine(gan, trained):
    samples = gan.sample(400)
    of_trained, of_unseen = (gan.logits(real.to(gan.device)) for real in (trained, held))
    return {
        "memory": (of_trained[:, None] > of_unseen).float().mean().item(),
        "copies": audit(samples, trained, held[: len(trained)]),
        "distance": references["random"].frechet(samples) / floor,
    }


# %%
found = {"400": examine(gan, pictures)}
moved = training.run(make_gan(seed=0, augment="translation"), few, steps=700, batch=32)
found["100,\naugm."] = augmented = examine(moved, few)

plain, on_the_way = make_gan(seed=0), {}
for step in training.train(plain, few, steps=700, batch=32):
    if step.number >= 400 and step.number % 50 == 0:
        on_the_way[step.number] = examine(plain, few)
stopped = min(on_the_way, key=lambda step: abs(np.log(on_the_way[step]["distance"] / augmented["distance"])))
found["100,\nstopped"], found["100"] = on_the_way[stopped], on_the_way[700]

# %% jupyter={"source_hidden": true}
_, axes = plt.subplots(1, 3, figsize=(6.8, 2.8))
for ax, what in zip(axes, ("memory", "copies", "distance"), strict=True):
    ax.bar(range(4), [each[what] for each in found.values()], color=plotting.FAKE)
    ax.set(title="distance / floor" if what == "distance" else what)
    ax.set_xticks(range(4), list(found), fontsize=8)
by_chance = [audit(control, pictures, held)] + 3 * [audit(control, few, held[:100])]
spreads = ([0.02] + 3 * [0.032], 4 * [0.035])  # standard deviations: of the memory, of the difference to the control
for ax, levels, spread in zip(axes, (4 * [0.5], by_chance), spreads, strict=False):
    ax.errorbar(range(4), levels, 2 * np.array(spread), fmt="_", color="black", capsize=4)
    ax.set(ylim=(0, 1))
plt.show()

# %% tags=["nbval-ignore-output"]
print(f"stopped at step {stopped}")
print(pd.DataFrame(found).rename(columns=lambda name: name.replace("\n", " ")).T.round(2).to_string())
itself = references["random"].frechet(pictures) / floor
print(f"\nthe 400 training pictures themselves: distance {itself:.2f} floors")

# %%
claim("nothing but copies, and a distance below two floors", itself < 2, itself)
claim(
    "100 pictures: the augmented run is behind, its distance larger",
    augmented["distance"] > found["100"]["distance"],
    found,
)
claim("augmented: less memory than the plain run at step 700", augmented["memory"] < found["100"]["memory"], found)

# %% [markdown]
# (The black bars are what chance alone gives, ± 2 standard deviations: for the memory around one half, for the copies
# around what *real*, unseen pictures have. A bar that ends inside says nothing. One that ends outside is a hint only,
# because samples resemble each other.)
#
# In these 700 steps 100 pictures did about as well as 400: memory 0.57 against 0.52, copies 0.60 against 0.57, and
# nearly the same distance. (Of the copies, both plain runs with 100 end a little above their black bars: a hint of
# copying.) The best memory has the run that was **stopped** at step 500: 0.63. At step 700 the *same* run has 0.57, so
# memory goes up and down from look to look. Here stopping early bought nothing: hardly fewer copies (0.58 against
# 0.60), and a worse distance.

# %% [markdown]
# The augmented run is behind: its discriminator has a harder task. So compare it with the plain one that was stopped.
# Here the augmented one had less memory (0.50 against 0.63) and fewer copies (0.48 against 0.58). Does augmentation do
# more than stopping early, then? We tried another set of seeds. The memory was lower again (0.52 against 0.57), but the
# copies came out *the other way round* (0.71 against 0.60). So with short runs like these we **can't tell**. In a
# larger comparison (200, 1,000 and 10,000 pictures of clothes, 2,400 steps, three seeds, `benchmarks/README.md`) none
# of the augmentations did better than training without one, by more than the seeds differ. There D hadn't learned the
# pictures by heart yet. Zhao et al. (2020) and Karras et al. (2020) show for long runs that augmentation helps.
#
# And the distance? It doesn't know which pictures were trained on. The training pictures themselves, nothing but
# copies, come out as good as other real pictures. **A good distance doesn't exclude copying**, so keep the audit beside
# it.

# %% [markdown]
# What to do with a hundred pictures, in this order:
#
# 1. **Get more.** Film instead of photographing, cut out several details, ask colleagues.
# 2. **Use what you know.** May a picture be mirrored? Then mirror it. (Faces, yes. Letters, no.)
# 3. `augment="translation"`, `"color, translation"`, or `"adaptive"` for long runs. Choose changes that your pictures
#    could survive. (If colour is what matters, leave `color` out.)
# 4. **Stop early**, in long runs: save every thousand steps, and audit each file. If copying begins, take one from
#    before. (In our short run that bought nothing.)
# 5. Start from a model that knows other pictures (*fine-tuning*). It isn't in this course, because it needs a download.
#
# (Here is a good place for a break.)

# %% [markdown]
# ## 6. How long will it take?
#
# Nobody can tell you for *your* machine. But you can measure it in seconds, because all steps cost nearly the same.
# Warm up for a few steps, measure a few, and multiply:


# %%
def seconds_per_1000(gan, pictures, batch, steps=16):
    training.run(gan, pictures, 8, batch=batch, progress=False)  # the first steps are slower
    start = time.perf_counter()
    training.run(gan, pictures, steps, batch=batch, progress=False)
    return 1000 * (time.perf_counter() - start) / steps


# %% tags=["nbval-ignore-output"]
mine = seconds_per_1000(make_gan(seed=2), pictures, batch=32)
print(f"{device.describe()}: {mine:.0f} s per 1,000 steps, {mine * 50 / 3600:.1f} hours for 50,000")

# %% [markdown]
# How does this grow with the size, with colour, with the batch? `python benchmarks/own_data.py` measures that, on a
# machine that has nothing else to do. (One that does something else at the same time is slower, and so is one that gets
# hot. So the number above may be far from the same case below.) What has been recorded so far:

# %%
file = Path("../benchmarks/recorded/own_data.json")
recorded = json.loads(file.read_text("utf-8")) if file.exists() else []
columns = {entry["machine"]: {row["what"]: row["seconds"] for row in entry["rows"]} for entry in recorded}
print("seconds per 1,000 steps")
print(pd.DataFrame(columns).map("{:.0f}".format).to_string() if columns else "not measured yet")

# %% [markdown]
# On that CPU 64 × 64 pixels in colour took 3.3 times as long as 32 × 32, and 128 × 128 another 4.4 times as long. Twice
# the batch took 1.5 to 1.9 times as long, and colour about a quarter more than grey.
#
# Whatever your machine is, you can count the *work*. Twice the side is four times as many pixels, and the nets have one
# more stage. Twice the batch is twice the work. Colour changes only the stages next to the picture. Work isn't time:
# small pieces leave a machine partly idle, a CPU as well as a GPU. So measure with *your* size before you plan a night.
#
# And **how many** steps? Count the pictures that the discriminator is shown, steps times batch. Ours were 22,400. The
# published runs of Karras et al. (2020) show it 25 million. There is no formula. Begin with ten times our run, save on
# the way (`checkpoint=`), look at the film, the distance and the audit, and go on as long as they get better.

# %%
shown = 700 * 32
identity("our run: 22,400 pictures shown, about 1,100 times fewer than 25 million", 1100 < 25e6 / shown < 1120)

# %% [markdown]
# ## 7. From a CSV to a CSV
#
# Now a table. A bicycle hire has written down 3,000 rides: day, weather, temperature, kind of bike, the customer's age
# (with gaps), minutes, price. There is a **rule** in it that the table nowhere says: price = basic fee + minutes ×
# rate, and both depend on the kind of bike.

# %% jupyter={"source_hidden": true}
FEES = {"cargo": (3.0, 0.15), "city": (1.0, 0.08), "electric": (2.0, 0.12)}  # basic fee, and rate for a minute


def rides(n, seed):
    chance = np.random.default_rng(seed)
    day = chance.integers(0, 365, n)
    temperature = (11 - 10 * np.cos((day - 15) / 365 * 2 * np.pi) + chance.normal(0, 3, n)).round(1)
    weather = chance.choice(["sun", "cloud", "rain"], n, p=[0.4, 0.35, 0.25])
    bike = chance.choice(list(FEES), n, p=[0.15, 0.55, 0.3])
    age = chance.normal(38, 12, n).clip(16, 80).round()
    age[chance.random(n) < 0.12] = np.nan  # didn't say
    slow = np.where(weather == "rain", 0.5, 1) * (1 + temperature / 30)
    minutes = (chance.gamma(4, 8, n) * slow).clip(3, 240).round()
    fee, rate = np.array([FEES[each] for each in bike]).T
    days = (np.datetime64("2025-01-01") + day).astype(str)
    return pd.DataFrame({
        "ride": np.arange(1, n + 1), "day": days, "weather": weather, "temperature": temperature, "bike": bike,
        "age": age, "minutes": minutes, "price": (fee + rate * minutes).round(2),
    })  # fmt: skip


rides(3000, seed=0).to_csv(place / "rides.csv", index=False, sep=";")  # as many spreadsheets write it

# %%
try:
    data.table(place / "rides.csv")
except data.DataError as error:
    print(error)

# %% [markdown]
# CSV files are separated by commas, semicolons or tabs, depending on the country and the program. The sentence says
# what to do. (If decimals have a comma, too: `decimal=","`.)

# %%
everything = pd.read_csv(place / "rides.csv", sep=";")
table = data.table(everything[:1500])  # or data.table("rides.csv", delimiter=";") for the whole file
unseen = everything[1500:].reset_index(drop=True)[table.frame.columns]
print(table.report)

# %% [markdown]
# Read this report as carefully as the contact sheet. `ride` only counts the rows and was **dropped**. A date became a
# number, a category became one place for each of its values, and the gaps in `age` got a place of their own, so that
# the GAN learns *when* somebody doesn't say.
#
# Before the GAN come three rivals that need no training:
#
# - **rows drawn again** from the table, with repetition
# - **columns shuffled**, each on its own
# - a **Gaussian copula**, the classic of synthetic tables. Each value becomes its rank (its place in the sorted
#   column), and the ranks become a normal distribution. Of how two columns are related it keeps one number, the
#   **correlation**: how closely do they rise together, from −1 to 1? From that, new rows are drawn.

# %% [markdown]
# A copula needs an order for kinds and weather, too. The alphabet has one: cloud, *rain*, sun. So rain, which makes
# rides short, comes to lie in the middle, and no "the more, the longer" is left. Days by the calendar have the same
# fault: a year begins cold *and* ends cold. These handicaps would be ours, not the copula's. So we build three:
#
# - by the **alphabet**, and days by the calendar
# - in **our order**: weather and bikes by the mean minutes and prices, and days by how far they are from mid-January,
#   so that 1 March stands beside 1 December
# - in our order, and a copula of its own for **each bike**


# %%
days = pd.date_range("2025-01-01", "2025-12-31")
coldest_first = np.argsort(abs((days.day_of_year - 15 + 182) % 365 - 182), kind="stable")
ORDER = {"weather": ["rain", "cloud", "sun"], "bike": ["city", "electric", "cargo"]}
ORDER["day"] = list(days[coldest_first].strftime("%Y-%m-%d"))


def copula(frame, n, chance, order=ORDER):
    frame = frame.assign(**{name: pd.Categorical(frame[name], order[name]) for name in frame if name in order})
    codes = frame.apply(lambda column: column.factorize(sort=True)[0]) + chance.random(frame.shape)
    z = norm.ppf((codes.rank() - 0.5) / len(frame))  # ranks → a normal distribution
    new = chance.multivariate_normal(np.zeros(z.shape[1]), np.corrcoef(z.T), n)
    places = (norm.cdf(new) * len(frame)).astype(int)  # and back: places in the sorted column
    ordered = [frame[name].sort_values(na_position="first").to_numpy() for name in frame]
    return pd.DataFrame({name: each[places[:, i]] for i, (name, each) in enumerate(zip(frame, ordered, strict=True))})


def copula_for_each_bike(frame, chance):
    parts = [(bike, rows.drop(columns="bike")) for bike, rows in frame.groupby("bike")]
    drawn = [copula(rows, len(rows), chance).assign(bike=bike) for bike, rows in parts]
    return pd.concat(drawn, ignore_index=True)[list(frame)]


def table_gan(seed, steps=2500):
    device.seed_everything(seed)
    width = len(table.features)
    nets_of_table = nets.mlp([16, 128, 128, width]), nets.mlp([width, 128, 128, 1])
    gan = training.GAN(*nets_of_table, penalties={"r1": 0.1}, lr=1e-3, betas=(0.0, 0.99), ema=0.998, seed=seed)
    return training.run(gan, table, steps)


# %% [markdown]
# Five questions to each synthetic table:
#
# - **told apart**: how often does a classifier tell its rows from unseen real ones (½: it only guesses)?
# - **rule**: in how many rows is the price right, to half a euro?
# - **use**: learn from it to predict the minutes from day, weather and temperature. How much of the variance of *real,
#   unseen* rides is explained?
# - **copied**: how many rows stand in the training table, word for word?
# - **audit**: how many rows lie nearer to a training row than to an unseen real one (section 4; ½: no trace)?
#
# The questions are tested, too: with the training table itself, **one cent more** in each price.


# %% jupyter={"source_hidden": true}
def keeps_rule(frame):
    fee, rate = np.array([FEES[bike] for bike in frame["bike"]]).T
    return (abs(frame["price"] - fee - rate * frame["minutes"]) < 0.5).mean()


def usefulness(frame):
    def known(frame):
        weather = np.stack([frame["weather"] == each for each in ("sun", "cloud", "rain")], axis=1)
        return np.column_stack([weather, frame["temperature"], pd.to_datetime(frame["day"]).dt.day_of_year])

    trees = ExtraTreesRegressor(100, min_samples_leaf=10, random_state=0).fit(known(frame), frame["minutes"])
    return trees.score(known(unseen), unseen["minutes"])


def copied_rows(frame):
    found = frame.merge(table.frame.drop_duplicates(), how="left", indicator=True)  # a gap equals a gap here
    return (found["_merge"] == "both").mean()


def judge_table(frame):
    rows, trained, others = (table.encode(each) for each in (frame, table.frame, unseen))
    apart = metrics.classifier_two_sample_test(others, rows).accuracy
    audit = metrics.copy_audit(rows, trained, others).share
    return [apart, keeps_rule(frame), usefulness(frame), copied_rows(frame), audit]


# %% [markdown]
# **Predict, and say why:** who is told apart least, and who keeps the rule: a copula, which knows correlations only, or
# the GAN? And which columns will give away the table with one cent more?

# %%
chance, n = np.random.default_rng(0), 1500
made = {
    "other real rows": rides(n, seed=1)[list(table.frame)],
    "one cent more": table.frame.assign(price=(table.frame["price"] + 0.01).round(2)),
    "rows drawn again": table.frame.sample(n, replace=True, random_state=0, ignore_index=True),
    "columns shuffled": table.frame.apply(lambda column: chance.permutation(column.to_numpy())),
    "copula, alphabet": copula(table.frame, n, chance, order={}),
    "copula, our order": copula(table.frame, n, chance),
    "copula for each bike": copula_for_each_bike(table.frame, chance),
    "GAN, seed 0": table.decode(table_gan(0).sample(n)),
    "GAN, seed 1": table.decode(table_gan(1).sample(n)),
}
verdicts = pd.DataFrame(
    {name: judge_table(frame) for name, frame in made.items()}, index=["told apart", "rule", "use", "copied", "audit"]
).T

# %% tags=["nbval-ignore-output"]
print(verdicts.round(2).to_string())

# %%
real, cent, drawn, shuffled, alphabet, ours, each_bike, *of_gans = (verdicts.loc[name] for name in verdicts.index)
claim("other real rows: can't be told apart, to 5 points", abs(real["told apart"] - 0.5) < 0.05, verdicts)
claim(
    "a cent more: no copy word for word, and the audit finds all",
    cent["copied"] == 0 and cent["audit"] > 0.95,
    verdicts,
)
claim("drawn rows: each one a copy", drawn["copied"] == 1 and drawn["audit"] > 0.95, verdicts)
claim("the GANs: the audit finds at most a trace", all(gan["audit"] < 0.7 for gan in of_gans), verdicts)
claim("the GANs keep the rule in at least 7 of 10 rows", all(gan["rule"] > 0.7 for gan in of_gans), verdicts)
claim("one copula for all bikes: in less than half", max(alphabet["rule"], ours["rule"]) < 0.5, verdicts)
claim("one for each bike: in at least 95 of 100", each_bike["rule"] > 0.95, verdicts)
claim("alphabet: easier to tell apart than our order", alphabet["told apart"] > ours["told apart"] + 0.1, verdicts)
ahead = [each_bike["told apart"] < gan["told apart"] and each_bike["rule"] > gan["rule"] for gan in of_gans]
claim("one for each bike: ahead of both GANs in the first two columns", all(ahead), verdicts)
claim(
    "the GANs are half as useful as real rows, or more", min(gan["use"] for gan in of_gans) > real["use"] / 2, verdicts
)

# %% [markdown]
# The first line is the control: what a perfect generator would get. (In "use", nobody can get far above 0.25: the rides
# scatter.) The second line shows which questions are blind. Each of its rows is a copy, and yet four columns are as
# good as those of the control. Only the audit sees it.
#
# Drawn rows do well in the first three columns. (They are told apart a little, only because some come twice.) For many
# purposes they are all that you need: to train a model, or to test a program with realistic rows, the real table will
# do. A GAN or a copula comes in when you **may not or do not want to** hand out the rows themselves.

# %% [markdown]
# And the copula? It is as good as the person who builds it. By the alphabet it looks poor. In an order that makes sense
# it is about as hard to tell apart as our GANs, but it doesn't keep the rule. **One copula for each bike is ahead of
# our GANs in both columns**, and is done in a second. (In *use* the GANs are a little ahead here.) But for that you
# have to *know* that the rule depends on the bike, and that a year is cold at both ends. The GANs have found most of it
# by themselves, from the rows alone. So build the rival with as much care as your GAN, before you say that the GAN is
# better. We couldn't say so of ours.

# %% tags=["nbval-ignore-output"]
synthetic = made["GAN, seed 0"]
synthetic.to_csv(results / "rides_synthetic.csv", index=False)
synthetic.head(4)

# %% [markdown]
# ## 8. Yours to show?
#
# This is no legal advice. It is what we read on 29 November 2026, with its source, so that you know what to ask.
#
# **The pictures you train on.** Who took them, and under which licence? Creative Commons says that its licences bind
# only where copyright asks for permission, and that exceptions for research or data mining may cover a training. For
# all who want to be on the safe side it has a guide
# ([CC, May 2025](https://creativecommons.org/using-cc-licensed-works-for-ai-training-2/)): name and link the sources
# (BY), share what rests on them under the same licence (SA), stay away from commerce (NC). So keep a list of your
# sources, beside the pictures, from the first day.
#
# **The pictures that come out.** In the USA, what a machine made alone is not protected by copyright; what a person
# adds or arranges can be ([Copyright Office, part 2, 29 January
# 2025](https://www.copyright.gov/ai/)). In other countries, ask. A *copy* of a protected picture stays protected,
# whoever made it. Section 4 is also about that.

# %% [markdown]
# **People.** A face, or a row about somebody who can be identified, is personal data, in the EU at least. Is a *model*
# that learned from them anonymous? Not in all cases, says the European Data Protection Board: only if it is very
# unlikely that somebody gets personal data out of it, from the weights or by asking
# ([Opinion 28/2024, 17 December 2024](https://www.edpb.europa.eu/our-work-tools/our-documents/opinion-board-art-64/opinion-282024-certain-data-protection-aspects_en)).
# This is more than theory. Webster et al. (2021) find, among the faces that a GAN makes, those that show a *person* of
# the training pictures, without being one of these pictures. Stadler et al. (2022) find that synthetic tables either
# don't prevent such attacks or lose their use. So a GAN is **no anonymiser**. A guarantee comes from differential
# privacy ([chapter 83](83_privacy.ipynb)). Peace comes from consent, and from data without people.

# %% [markdown]
# **Saying so.** In the EU, [Article 50 of the AI Act](https://artificialintelligenceact.eu/article/50/) applies since 2
# August 2026. Who offers a system that makes pictures has to mark them in a way that machines can read (an amendment
# of 2026 gives systems that were on the market before until 2 December 2026), and who publishes a deep fake, other than
# as a private person, has to say that it is one. Wherever you live: write "generated" below a generated picture, and
# "synthetic" into the name of the file.
#
# And these faces? We drew them with 20 lines of code. That is why the chapter has drawings, and no photographs.

# %% [markdown]
# **Predict once more.** You hand out one file only, not the pictures. Which one gives away most about the pictures:
# the film, `faces.safetensors`, or `rides_synthetic.csv`?
#
# <details><summary>Our answer</summary>
#
# The model. Whoever has it can draw as many samples as they like, and look into the discriminator, too: it lies in the
# same file, and its logits may be higher on pictures that it was trained on (the *memory* of section 5). To hand out
# the generator alone: `torch.save(gan.nets["average"].state_dict(), "G.pt")`.
#
# </details>

# %% [markdown]
# ## 9. The way home
#
# You know each step now, so let a command do them: `gan-edu new NAME --data FOLDER` writes a project of plain PyTorch
# that you can change, and `gan-edu train FOLDER` trains on a folder at once, with settings that were chosen and not
# compared. In a notebook, the steps of this chapter are these:
#
# ```python
# pictures = data.folder("my pictures", size=64)
# print(pictures.report)                       # read it
# plotting.contact_sheet(pictures)             # look at it
# G = nets.SubpixelGenerator(shape=pictures.shape)
# D = nets.DCGANDiscriminator(shape=pictures.shape, hidden=128)
# recipe = {"loss": "relativistic", "penalties": {"r1": 1.0}, "penalty_every": 8}
# gan = training.GAN(G, D, **recipe, lr=2e-3, betas=(0.0, 0.99), ema=0.999)
# training.run(gan, pictures, steps=10_000, batch=32, checkpoint="mine.safetensors")
# gallery.save_grid("mine.png", gan.sample(64), scale=2)
# ```
#
# **What all this does not show.** Drawings are easy: one middle, clear colours, no background. Photographs of 64 × 64
# pixels take far longer, and what worked here need not work there. Nobody has told you either whether a
# GAN is the right tool: for photographs, a *pretrained* model of another kind may do better with the same hundred
# pictures. And all numbers here are of *this* folder.

# %% [markdown]
# ## Help, I get …
#
# ### `shape must be (1, S, S) or (3, S, S) with S one of 28, 32, 64, 128`
# The nets know four sizes. Say one of them in `data.folder(…, size=64)`. It scales all pictures to that.
#
# ### Heads are cut off
# `data.folder` takes the middle square. `fit="pad"` keeps the whole picture and adds a margin in the colour
# `background`.
#
# ### Memory is full
# Halve the batch first, then the size of the pictures, then `channels` of the nets. The pictures themselves stay on the
# disk until they are used, so that their number is no problem: pass the folder to `train`, not `folder.tensor()`.
#
# ### Everything looks alike after a while
# Mode collapse (chapter 23), or a discriminator that has won. Look at the film: since which step? Load a file from
# before, and halve the learning rate, or double `r1`.
#
# ### A column of numbers became a category, or was dropped
# Read the report: it says why. Often decimals have a comma (`decimal=","`), or a unit stands in the cell ("12 km"). Say
# what you know: `kinds={"postcode": "category"}`.

# %% [markdown]
# ## Recap
#
# - Read the report and look at the contact sheet. Keep one of equal pictures, then divide, with each group on one side,
#   before you train or measure anything.
# - Two judges see different things, and one of ours was nearly blind to missing moods. Spoil real pictures to find out.
# - The copy audit needs its two controls: unseen real pictures, and true copies. It finds the changes that you thought
#   of. A good distance can come from copying.
# - With few pictures the discriminator may come to know them. Augmentation is meant to work against that. Compare it
#   with stopping early, and look more than once.
# - Put a free rival beside every synthetic table, built with care: ours kept the rule better than our GANs, and was
#   harder to tell apart. Neither a GAN's picture nor its row is anonymous by itself.

# %% [markdown]
# ## Three quick questions
#
# <details><summary>Your GAN has a better Fréchet distance than real held-out pictures. Should you be glad?</summary>
#
# No: that is below the floor. Either the samples vary too little, or they are copies of the reference (did training and
# reference pictures overlap?), or there are too few pictures, so that chance decides. Run the audit.
#
# </details>
#
# <details><summary>You have 400 photos of one cat, in 40 bursts of ten. How do you divide them?</summary>
#
# By bursts: all ten photos of a burst go to the same side. Otherwise nearly each test picture has near-twins in
# training, so that copying looks like a good model.
#
# </details>
#
# <details><summary>Rows drawn again did well in three of five columns. Why train a GAN on a table?</summary>
#
# Because drawn rows *are* the real rows. If those must not be given to others, drawing them again is no way. (Then ask
# whether a GAN's rows may be given away.) But build a copula first, with care: here the one for each bike kept the rule
# better than our GANs, and was harder to tell apart.
#
# </details>

# %% [markdown]
# ## Exercises and neighbours
#
# {{neighbours}}

# %% [markdown]
# ## Further reading
#
# - [Zhao et al. 2020, Differentiable Augmentation for Data-Efficient GAN
#   Training](https://arxiv.org/abs/2006.10738): GANs from 100 pictures, and why both real and generated ones must be
#   changed.
# - [Karras et al. 2020, Training Generative Adversarial Networks with Limited
#   Data](https://arxiv.org/abs/2006.06676): what the discriminator says about training pictures and unseen ones, drawn
#   over the whole training, and a remedy that adapts.
# - [Webster et al. 2021, This Person (Probably) Exists](https://arxiv.org/abs/2107.06018): which persons were in the
#   training data of a GAN of faces?
# - [Stadler, Oprisanu and Troncoso 2022, Synthetic Data – Anonymisation Groundhog
#   Day](https://arxiv.org/abs/2011.07018): attacks on synthetic tables. [Sarmin et al.
#   2024](https://arxiv.org/abs/2407.07926) doubt some of its findings. Read both.
# - [Xu et al. 2019, Modeling Tabular data using Conditional GAN](https://arxiv.org/abs/1907.00503): a GAN made for
#   tables, with classic rivals beside it.

# %% [markdown]
# ## Key terms
#
# {{terms: contact sheet; held-out data; copy audit; memory (of the discriminator); correlation; Gaussian copula;
# synthetic data}}
