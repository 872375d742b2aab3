"""Images: what comes with the package is whole, and nothing damaged is ever used, wherever it comes from."""

import gzip
import hashlib
import importlib.util
import io
import os
import shutil
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

import gan_edu.data

# `gan_edu.data.images` as an attribute is the function; the module is only reached this way.
module = sys.modules["gan_edu.data.images"]
images = gan_edu.data.images

CALLERS_DATA = os.environ.get("GAN_EDU_DATA")


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch, tmp_path):
    """No test sees the caller's data, cache or network."""
    monkeypatch.delenv("GAN_EDU_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(module, "cache_folder", lambda name: tmp_path / "cache" / name)
    monkeypatch.setattr(module, "DEBIAN", {})
    monkeypatch.setattr(module, "MIRRORS", {name: () for name in module.NAMES})


# What comes with the package


@pytest.mark.parametrize("name", module.NAMES)
@pytest.mark.parametrize(("split", "per_class"), [("train", 1000), ("test", 200)])
def test_embedded_images(name, split, per_class):
    data = images(name, split)
    n = 10 * per_class
    assert (data.name, data.split, len(data)) == (name, split, n)
    assert data.pixels.shape == (n, 28, 28) and data.pixels.dtype == torch.uint8
    assert data.labels.dtype == torch.int64
    assert data.labels.bincount().tolist() == [per_class] * 10 and len(data.classes) == 10
    assert data.pixels.max() == 255 and (data.pixels.flatten(1).amax(1) > 0).all()
    # The official order is a mixed one: the first hundred hold every class.
    assert len(data.labels[:100].unique()) == 10
    assert len(data.pixels.flatten(1).unique(dim=0)) >= n - 5, "hardly any image comes twice"
    assert repr(data) == f"ImageSet('{name}', '{split}', {n:,} images of 10 classes)"


def test_pairs_put_the_class_beside_the_pixels():
    data = images("mnist", "test")
    rows = data.pairs()
    assert rows.shape == (2000, 794) and rows.dtype == torch.float32
    assert torch.equal(rows[:, :784], data.tensor(flat=True))
    assert torch.equal(rows[:, 784:].argmax(1), data.labels) and torch.equal(rows[:, 784:].sum(1), torch.ones(2000))


def test_classes_fit_the_pictures():
    digits, clothes = images("mnist", "test"), images("fashion_mnist", "test")
    assert digits.classes == tuple("0123456789")
    ink = [digits.pixels[digits.labels == k].float().mean().item() for k in range(10)]
    assert min(ink) == ink[1], "a one needs the least ink"
    ink = [clothes.pixels[clothes.labels == k].float().mean().item() for k in range(10)]
    assert clothes.classes[int(np.argmin(ink))] == "Sandal"
    assert clothes.classes[int(np.argmax(ink))] in ("Pullover", "Coat")


def test_unknown_names_and_splits_list_what_exists():
    with pytest.raises(ValueError, match="'fashion-mnist'.*Did you mean 'fashion_mnist'.*mnist, fashion_mnist"):
        images("fashion-mnist")
    with pytest.raises(ValueError, match="no split 'validation'.*train, test"):
        images("mnist", "validation")
    for ask in (module.where, module.fetch):
        with pytest.raises(ValueError, match="'cifar'.*mnist, fashion_mnist"):
            ask("cifar")


def copy_of_embedded(monkeypatch, tmp_path):
    folder = Path(shutil.copytree(module.EMBEDDED, tmp_path / "embedded"))
    monkeypatch.setattr(module, "EMBEDDED", folder)
    return folder


@pytest.mark.parametrize("name", module.NAMES)
@pytest.mark.parametrize("damage", ["truncated", "one bit", "empty", "missing"])
def test_damaged_embedded_file_is_named_and_never_parsed(monkeypatch, tmp_path, name, damage):
    path = copy_of_embedded(monkeypatch, tmp_path) / f"{name}.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes({"truncated": data[:-1000], "one bit": data, "empty": b""}[damage])
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("a damaged file was parsed"))
    with pytest.raises(module.DataError, match=rf"{name}\.npz.*git checkout") as caught:
        images(name)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_pickles_are_never_loaded(monkeypatch, tmp_path):
    class Payload:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "executed"),))

    folder = copy_of_embedded(monkeypatch, tmp_path)
    np.savez(folder / "mnist.npz", train_pixels=np.array([Payload()], dtype=object), train_labels=np.zeros(1))
    digest = hashlib.sha256((folder / "mnist.npz").read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest}  mnist.npz\n")
    with pytest.raises(ValueError, match="allow_pickle=False"):
        images("mnist")
    assert not (tmp_path / "executed").exists()
    with np.load(folder / "mnist.npz", allow_pickle=True) as arrays:
        arrays["train_pixels"]
    assert (tmp_path / "executed").exists(), "the payload works where pickles are allowed"


# Tensors


def small_set(pixels):
    pixels = torch.tensor(pixels, dtype=torch.uint8)
    return gan_edu.data.ImageSet("mnist", "train", pixels, torch.zeros(len(pixels), dtype=torch.int64), ("0",))


EVERY_VALUE = small_set(np.resize(np.arange(256), (2, 28, 28)))


def test_tensor_shapes_and_range():
    x = EVERY_VALUE.tensor()
    assert x.shape == (2, 1, 28, 28) and x.dtype == torch.float32 and x.is_contiguous()
    assert x.min() == -1.0 and x.max() == 1.0
    flat = EVERY_VALUE.tensor(flat=True, low=0.0)
    assert flat.shape == (2, 784) and flat.is_contiguous()
    torch.testing.assert_close(flat, EVERY_VALUE.pixels.flatten(1) / 255)
    assert EVERY_VALUE.tensor(device="meta").device.type == "meta"


@given(st.floats(-10, 0, width=32), st.floats(2**-10, 10, width=32))
@example(-3.851543664932251, 4.780924320220947)
def test_tensor_stays_in_its_range_and_order(low, high):
    x = EVERY_VALUE.tensor(flat=True, low=low, high=high).flatten()[:256]
    assert x[0] == low and x[-1].item() == pytest.approx(high, rel=1e-5)
    assert x.min() >= low and x.max() <= high and (x.diff() >= 0).all()


def test_tensor_is_a_copy():
    EVERY_VALUE.tensor().zero_()
    assert EVERY_VALUE.pixels.max() == 255


def test_tensor_refuses_an_empty_range():
    with pytest.raises(ValueError, match="low must be below high, and 1.0 is not below 1.0"):
        EVERY_VALUE.tensor(low=1.0)


# IDX files


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


def test_read_idx():
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    np.testing.assert_array_equal(module.read_idx(idx(array)), array)
    for content, message in [
        (b"", r"should begin with 0, 0, 8, not \[\]"),
        (b"<html>", "should begin with 0, 0, 8"),
        (idx(array)[:2] + b"\x0d" + idx(array)[3:], r"not \[0, 0, 13\]"),
        (idx(array)[:-1], r"shape \(2, 3, 4\) has 40 bytes, not 39"),
        (idx(array) + b"x", "has 40 bytes, not 41"),
        (idx(array)[:6], "bytes, not 6"),
    ]:
        with pytest.raises(ValueError, match=message):
            module.read_idx(content)


# Whole sets, in small: "official" files of 300 + 60 random images, which don't compress, and a server for them


@pytest.fixture
def official(monkeypatch):
    """The content of small files that take the place of MNIST's."""
    random = np.random.default_rng(0)
    contents = {}
    for stem, count in (("train", 300), ("t10k", 60)):
        contents[f"{stem}-images-idx3-ubyte"] = idx(random.integers(0, 256, (count, 28, 28), dtype=np.uint8))
        contents[f"{stem}-labels-idx1-ubyte"] = idx(np.arange(count, dtype=np.uint8) % 10)
    sums = {stem: hashlib.sha256(content).hexdigest() for stem, content in contents.items()}
    monkeypatch.setitem(module.CONTENT_SHA256, "mnist", sums)
    return contents


TRAIN = "train-images-idx3-ubyte"


@pytest.fixture
def server(official, monkeypatch):
    """A server whose first folder says how it behaves: /good/, /drop/, /missing/, ..."""
    log, state = [], SimpleNamespace(drops=1)
    files = {stem: gzip.compress(content, mtime=0) for stem, content in official.items()}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            _, behaviour, file = self.path.split("/")
            data = files[file.removesuffix(".gz")]
            asked = self.headers["Range"]
            first = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and behaviour != "no_ranges" else 0
            entry = SimpleNamespace(mirror=behaviour, file=file, first=first, sent=0)
            log.append(entry)
            if behaviour == "missing" or first >= len(data):
                self.send_response(404 if behaviour == "missing" else 416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = data[first:]
            if behaviour == "corrupt":
                body = body[:-50] + bytes(50)
            if behaviour == "portal":
                body = b"<html>Please log in to this network.</html>"
            self.send_response(206 if first else 200)
            if behaviour == "encoded":
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if behaviour == "drop" and state.drops > 0:
                state.drops -= 1
                body = body[: len(body) // 2]
                self.close_connection = True
            self.wfile.write(body)
            entry.sent = len(body)

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()

    def use(*behaviours):
        address = f"http://127.0.0.1:{http.server_port}"
        monkeypatch.setitem(module.MIRRORS, "mnist", tuple(f"{address}/{behaviour}/" for behaviour in behaviours))

    yield SimpleNamespace(use=use, log=log, state=state, files=files)
    http.shutdown()
    thread.join()
    http.server_close()


def of_train(log):
    return [(entry.mirror, entry.first, entry.sent) for entry in log if entry.file == f"{TRAIN}.gz"]


def cached():
    return module.cache_folder("mnist") / f"{TRAIN}.gz"


def new_part():
    """Where the download of the training images from the first mirror will be kept."""
    url = module.MIRRORS["mnist"][0] + f"{TRAIN}.gz"
    module.cache_folder("mnist").mkdir(parents=True)
    return module.cache_folder("mnist") / f"{TRAIN}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part"


def leftovers():
    return sorted(path.name for path in module.cache_folder("mnist").iterdir() if path.suffix != ".gz")


def test_fetch_and_load(server, official):
    server.use("good")
    assert module.where("mnist") is None
    assert module.fetch("mnist", progress=False) == module.cache_folder("mnist") == module.where("mnist")
    assert len(server.log) == 4 and leftovers() == []
    data = images("mnist", "test", full=True)
    assert len(data) == 60 and data.labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    np.testing.assert_array_equal(data.pixels, module.read_idx(official["t10k-images-idx3-ubyte"]))
    assert len(images("mnist", full=True)) == 300
    assert len(server.log) == 4, "what is in the cache is not fetched again"


def test_images_fetch_only_what_they_need(server):
    server.use("good")
    images("mnist", "test", full=True, progress=False)
    assert {entry.file[:4] for entry in server.log} == {"t10k"}


def test_dropped_connection_goes_on_where_it_stopped(server):
    server.use("drop")
    module.fetch("mnist", progress=False)
    size = len(server.files[TRAIN])
    kept = size // 2 // module._CHUNK * module._CHUNK
    assert kept > 0 and of_train(server.log) == [("drop", 0, size // 2), ("drop", kept, size - kept)]
    assert cached().read_bytes() == server.files[TRAIN] and leftovers() == []


def test_a_later_call_goes_on_where_an_earlier_one_gave_up(server):
    server.use("drop")
    server.state.drops = 1000
    with pytest.raises(module.DataError, match="can't be fetched"):
        module.fetch("mnist", progress=False)
    assert len(server.log) > 1 and not cached().exists() and len(leftovers()) == 1
    had = (module.cache_folder("mnist") / leftovers()[0]).stat().st_size
    assert had > len(server.files[TRAIN]) / 2
    server.state.drops = 0
    module.fetch("mnist", progress=False)
    assert of_train(server.log)[-1] == ("drop", had, len(server.files[TRAIN]) - had)


def test_server_without_ranges_sends_all_again(server):
    server.use("no_ranges")
    new_part().write_bytes(server.files[TRAIN][:5000])
    module.fetch("mnist", progress=False)
    assert of_train(server.log) == [("no_ranges", 0, len(server.files[TRAIN]))]
    assert cached().read_bytes() == server.files[TRAIN]


@pytest.mark.parametrize("what", ["rest of another file", "complete", "too long"])
def test_part_of_an_earlier_time(server, what):
    server.use("good")
    part = new_part()
    good = server.files[TRAIN]
    part.write_bytes({"rest of another file": bytes(7000), "complete": good, "too long": good + b"more"}[what])
    module.fetch("mnist", progress=False)
    assert cached().read_bytes() == good and leftovers() == []
    fetched = sum(sent for _, _, sent in of_train(server.log))
    assert fetched == {"rest of another file": len(good) - 7000 + len(good), "complete": 0, "too long": len(good)}[what]


@pytest.mark.parametrize("bad", ["corrupt", "missing", "portal"])
def test_bad_mirror_is_passed_over(server, bad):
    server.use(bad, "good")
    module.fetch("mnist", progress=False)
    assert [mirror for mirror, *_ in of_train(server.log)] == [bad, "good"]
    assert cached().read_bytes() == server.files[TRAIN] and leftovers() == []


def test_unreachable_mirror_is_passed_over(server, monkeypatch):
    server.use("good")
    monkeypatch.setitem(module.MIRRORS, "mnist", ("http://127.0.0.1:9/", *module.MIRRORS["mnist"]))
    module.fetch("mnist", progress=False)
    assert cached().read_bytes() == server.files[TRAIN]


def test_mirror_that_decompresses_on_the_way(server, official):
    server.use("encoded")
    np.testing.assert_array_equal(images("mnist", full=True, progress=False).pixels, module.read_idx(official[TRAIN]))
    assert len(images("mnist", full=True)) == 300


def test_when_no_mirror_helps_one_sentence_says_what_to_do(server):
    server.use("missing", "corrupt")
    with pytest.raises(module.DataError) as caught:
        images("mnist", full=True, progress=False)
    message = str(caught.value)
    for part in (
        f"{TRAIN}.gz",
        "status 404",
        "sent something else",
        str(cached().parent),
        "GAN_EDU_DATA",
        "full=False",
    ):
        assert part in message
    assert "\n" not in message and not cached().exists() and leftovers() == []


def test_damaged_file_in_the_cache_is_named_and_fetched_anew(server, official):
    server.use("good")
    module.fetch("mnist", progress=False)
    cached().write_bytes(server.files[TRAIN][:-100])
    with pytest.warns(UserWarning, match=f"{TRAIN}.gz is damaged"):
        data = images("mnist", full=True, progress=False)
    np.testing.assert_array_equal(data.pixels, module.read_idx(official[TRAIN]))
    assert cached().read_bytes() == server.files[TRAIN]
    cached().write_bytes(b"\x1f\x8b")
    with pytest.warns(UserWarning, match=f"{TRAIN}.gz is damaged"):
        module.fetch("mnist", progress=False)
    assert cached().read_bytes() == server.files[TRAIN]


def test_good_file_is_never_replaced_by_a_bad_one(server):
    server.use("good")
    part = new_part()
    with open(part, "wb") as other_process:
        module.fetch("mnist", progress=False)
        other_process.write(b"another process that fetches the same file, and writes late")
    assert cached().read_bytes() == server.files[TRAIN]
    server.use("corrupt", "portal")
    module.fetch("mnist", progress=False)
    assert cached().read_bytes() == server.files[TRAIN]


def test_damaged_file_never_reaches_a_tensor_when_nothing_better_is_found(server):
    server.use("good")
    module.fetch("mnist", progress=False)
    server.use("corrupt", "drop")
    server.state.drops = 1000
    damaged = gzip.compress(idx(np.zeros((300, 28, 28), np.uint8)))
    cached().write_bytes(damaged)
    with pytest.warns(UserWarning, match="damaged"), pytest.raises(module.DataError, match="can't be fetched"):
        images("mnist", full=True, progress=False)
    assert cached().read_bytes() == damaged


def test_progress_counts_what_was_there_before(server, monkeypatch):
    bars = []

    class Bar(module.tqdm):
        def __init__(self, *args, **options):
            super().__init__(*args, **options, file=io.StringIO())
            bars.append(self)

    monkeypatch.setattr(module, "tqdm", Bar)
    server.use("drop")
    images("mnist", full=True, progress=False)
    assert bars and all(bar.disable for bar in bars)
    shutil.rmtree(module.cache_folder("mnist"))
    bars.clear()
    server.state.drops = 1
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(Bar, "__init__", lambda self, **options: bars.append(self) or fake_bar(self, **options))
    images("mnist", full=True)
    size = len(server.files[TRAIN])
    first, second = (bar for bar in bars if "images" in bar.label)
    kept = size // 2 // module._CHUNK * module._CHUNK
    assert (first.total, first.n, second.initial, second.total, second.n) == (size, kept, kept, size, size)


def fake_bar(bar, desc, initial, **options):
    """A bar that counts and draws nothing."""
    assert not options["disable"]
    bar.label, bar.initial, bar.n, bar.disable = desc, initial, initial, True
    bar.update = lambda count: setattr(bar, "n", bar.n + count)
    bar.refresh = bar.close = lambda: None


def test_tqdm_disable_is_heeded_in_notebooks_too(server, monkeypatch):
    disabled = []
    bar = module.tqdm
    monkeypatch.setattr(module, "tqdm", lambda **options: disabled.append(options["disable"]) or bar(**options))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    server.use("drop")
    images("mnist", full=True)
    assert disabled and all(disabled)


# Where whole sets are looked for


@pytest.mark.parametrize("suffix", [".gz", ""])
def test_gan_edu_data(official, monkeypatch, tmp_path, suffix):
    folder = tmp_path / "own" / "mnist"
    folder.mkdir(parents=True)
    for stem, content in official.items():
        (folder / f"{stem}{suffix}").write_bytes(gzip.compress(content, mtime=1) if suffix else content)
    assert module.where("mnist") is None
    monkeypatch.setenv("GAN_EDU_DATA", str(tmp_path / "own"))
    assert module.where("mnist") == folder and module.where("fashion_mnist") is None
    assert len(images("mnist", full=True)) == 300
    path = folder / f"{TRAIN}{suffix}"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(module.DataError, match="is damaged.*replace it") as caught:
        images("mnist", full=True)
    assert str(path) in str(caught.value)
    assert len(images("mnist", "test", full=True)) == 60, "the other split does not suffer"


def test_gan_edu_data_that_is_no_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_EDU_DATA", str(tmp_path / "mispelt"))
    with pytest.raises(module.DataError, match="mispelt, which is no folder"):
        images("mnist", full=True)


def test_order_of_places(official, server, monkeypatch, tmp_path):
    server.use("missing")
    folders = [tmp_path / "own" / "mnist", module.cache_folder("mnist"), tmp_path / "debian"]
    monkeypatch.setattr(module, "DEBIAN", {"mnist": folders[2]})
    monkeypatch.setenv("GAN_EDU_DATA", str(folders[0].parent))
    folders[0].parent.mkdir()
    for folder in reversed(folders):
        folder.mkdir(parents=True)
        for stem, data in server.files.items():
            (folder / f"{stem}.gz").write_bytes(data)
        assert module.where("mnist") == folder
        assert len(images("mnist", full=True)) == 300
    assert server.log == []


def test_cache_that_can_not_be_written(server, monkeypatch, tmp_path):
    server.use("good")
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(module, "cache_folder", lambda name: tmp_path / "file" / name)
    with pytest.raises(module.DataError, match="can't be written to .*file.*GAN_EDU_DATA"):
        module.fetch("mnist", progress=False)


def test_known_checksums_and_mirrors_are_complete():
    original = importlib.util.spec_from_file_location("original_images", module.__file__)
    fresh = importlib.util.module_from_spec(original)
    sys.modules["original_images"] = fresh
    original.loader.exec_module(fresh)
    stems = {f"{split}-{kind}-ubyte" for split in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")}
    for name in module.NAMES:
        assert set(fresh.CONTENT_SHA256[name]) == stems and len(fresh.MIRRORS[name]) >= 2
        assert all(url.startswith("http") and url.endswith("/") for url in fresh.MIRRORS[name])
    assert len({digest for sums in fresh.CONTENT_SHA256.values() for digest in sums.values()}) == 8


# The tool that makes the embedded files


@pytest.fixture(scope="module")
def tool():
    path = Path(__file__).parents[1] / "tools" / "make_embedded_images.py"
    spec = importlib.util.spec_from_file_location("make_embedded_images", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_subset_is_drawn_evenly_from_the_classes(tool, official, monkeypatch, tmp_path):
    (tmp_path / "own" / "mnist").mkdir(parents=True)
    for stem, content in official.items():
        (tmp_path / "own" / "mnist" / stem).write_bytes(content)
    monkeypatch.setenv("GAN_EDU_DATA", str(tmp_path / "own"))
    arrays = tool.subset("mnist", {"train": 7, "test": 2})
    assert np.bincount(arrays["train_labels"]).tolist() == [7] * 10
    assert np.bincount(arrays["test_labels"]).tolist() == [2] * 10
    index = arrays["train_index"]
    assert (np.diff(index.astype(int)) > 0).all() and index.max() > 250
    np.testing.assert_array_equal(arrays["train_pixels"], module.read_idx(official[TRAIN])[index])
    again = tool.subset("mnist", {"train": 7, "test": 2})
    assert tool.npz_bytes(arrays) == tool.npz_bytes(again)


def test_files_do_not_depend_on_the_time(tool, tmp_path):
    arrays = {"a": np.arange(5, dtype=np.uint8), "b": np.eye(3)}
    path = tmp_path / "x.npz"
    path.write_bytes(tool.npz_bytes(arrays))
    with zipfile.ZipFile(path) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert tool.same(path, arrays) and not tool.same(path, arrays | {"b": np.zeros((3, 3))})


@pytest.mark.parametrize("name", module.NAMES)
def test_embedded_index(name):
    with np.load(module.EMBEDDED / f"{name}.npz", allow_pickle=False) as arrays:
        for split, total in (("train", 60_000), ("test", 10_000)):
            index = arrays[f"{split}_index"].astype(int)
            assert (np.diff(index) > 0).all() and 0 <= index[0] and total * 0.99 < index[-1] < total


if CALLERS_DATA:

    @pytest.mark.parametrize("name", module.NAMES)
    def test_embedded_files_hold_what_the_tool_makes(tool, monkeypatch, name):
        monkeypatch.setenv("GAN_EDU_DATA", CALLERS_DATA)
        assert tool.same(module.EMBEDDED / f"{name}.npz", tool.subset(name))
