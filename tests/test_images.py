"""Images: what comes with the package is whole, and nothing damaged is ever used, wherever it comes from."""

import contextlib
import gzip
import hashlib
import importlib.util
import io
import os
import shutil
import sys
import threading
import tracemalloc
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
from gan_edu.data import image_sets as module
from gan_edu.data import images

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
    with pytest.raises(
        ValueError, match="no image set 'fashion-mnist'; .*: mnist, fashion_mnist. Did you mean 'fashion_mnist'"
    ):
        images("fashion-mnist")
    with pytest.raises(ValueError, match="no split 'validation'.*train, test"):
        images("mnist", "validation")
    for ask in (module.where, module.fetch):
        with pytest.raises(ValueError, match="no image set 'cifar'; there are: mnist, fashion_mnist"):
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
    with pytest.raises(ValueError, match="no 'cuda:99'"):
        EVERY_VALUE.tensor(device="cuda:99")


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
            first = (
                int(asked.removeprefix("bytes=").removesuffix("-")) if asked and behaviour != "drop_no_ranges" else 0
            )
            entry = SimpleNamespace(mirror=behaviour, file=file, first=first, sent=0)
            log.append(entry)
            if behaviour == "missing":
                self.send_response(404)
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
            if behaviour == "endless":
                self.close_connection = True
            else:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if behaviour == "endless":
                with contextlib.suppress(OSError):
                    while entry.sent < 2**30:
                        self.wfile.write(body)
                        entry.sent += len(body)
                return
            if behaviour.startswith("drop") and state.drops > 0:
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


def test_a_connection_that_keeps_dropping_is_left_in_the_end(server):
    server.use("drop")
    server.state.drops = 1000
    with pytest.raises(module.DataError, match="can't be fetched"):
        module.fetch("mnist", progress=False)
    assert 1 < len(server.log) <= 5 and not cached().exists() and leftovers() == []


def test_server_without_ranges_sends_all_again(server):
    server.use("drop_no_ranges")
    module.fetch("mnist", progress=False)
    size = len(server.files[TRAIN])
    assert of_train(server.log) == [("drop_no_ranges", 0, size // 2), ("drop_no_ranges", 0, size)]
    assert cached().read_bytes() == server.files[TRAIN]


@pytest.mark.parametrize("bad", ["corrupt", "missing", "portal"])
def test_bad_mirror_is_passed_over(server, bad):
    server.use(bad, "good")
    module.fetch("mnist", progress=False)
    assert [mirror for mirror, *_ in of_train(server.log)] == [bad, "good"]
    assert cached().read_bytes() == server.files[TRAIN] and leftovers() == []


def test_a_mirror_that_sends_for_ever_is_left(server, monkeypatch):
    monkeypatch.setattr(module, "CONTENT_BYTES", dict.fromkeys(module.CONTENT_BYTES, 400_000))
    server.use("endless", "good")
    module.fetch("mnist", progress=False)
    assert cached().read_bytes() == server.files[TRAIN] and leftovers() == []
    assert all(entry.sent < 2**26 for entry in server.log)


def test_a_bomb_is_refused_without_filling_the_memory():
    bomb = gzip.compress(bytes(2**28))
    tracemalloc.start()
    assert module._right("mnist", "t10k-labels-idx1-ubyte", bomb) is None
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2**20


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
    module.fetch("mnist", progress=False)
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


def test_the_bar_goes_on_with_the_download(server, monkeypatch):
    bars = []

    class Bar(module.tqdm):
        def __init__(self, **options):
            super().__init__(**options, file=io.StringIO())
            self.silent = options["disable"]
            bars.append(self)

    monkeypatch.setattr(module, "tqdm", Bar)
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    server.use("drop")
    images("mnist", full=True, progress=False)
    assert bars and all(bar.silent for bar in bars)
    shutil.rmtree(module.cache_folder("mnist"))
    bars.clear()
    server.state.drops = 1
    images("mnist", full=True)
    (bar,) = (bar for bar in bars if "images" in bar.desc)
    assert bar.total == bar.n == len(server.files[TRAIN]) and not bar.silent


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


@pytest.mark.parametrize("value", ["mispelt", "~nobody-here/mispelt", "mispelt" * 1000])
def test_gan_edu_data_that_is_no_folder(server, monkeypatch, value):
    monkeypatch.setenv("GAN_EDU_DATA", value)
    for ask in (lambda name: images(name, full=True), module.where, module.fetch):
        with pytest.raises(module.DataError, match="^GAN_EDU_DATA is .*unset GAN_EDU_DATA") as caught:
            ask("mnist")
        assert "\n" not in str(caught.value)
    assert server.log == [], "nothing is fetched that can't be used afterwards"


def test_a_file_that_can_not_be_read_is_named(server, official, monkeypatch, tmp_path):
    def closed(path):
        raise PermissionError(13, "Permission denied", str(path))

    folder = tmp_path / "own" / "mnist"
    folder.mkdir(parents=True)
    for stem, content in official.items():
        (folder / stem).write_bytes(content)
    monkeypatch.setenv("GAN_EDU_DATA", str(tmp_path / "own"))
    monkeypatch.setattr(Path, "read_bytes", closed)
    with pytest.raises(module.DataError, match=f"{TRAIN} can't be read .Permission denied.: replace it"):
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
        assert all(url.startswith("https://") and url.endswith("/") for url in fresh.MIRRORS[name])
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
