"""Hidden checks for custom-dataset. A check's docstring is the line the learner sees."""

import builtins
import io
import weakref

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from drill.checking import assert_close, assert_shape, fail, tried

SIZE = (5, 3)  # width and height, as PIL counts
LABELS = [7, 3, 9, 3, 0, 5]


def noise(rng, mode):
    """An image of random pixels in one of PIL's modes."""
    if mode == "P":
        image = Image.fromarray(rng.integers(0, 16, (3, 5)).astype(np.uint8), "L").convert("P")
        image.putpalette(rng.integers(0, 256, 48).astype(np.uint8).tobytes())
        return image
    if mode == "1":
        return Image.fromarray(rng.integers(0, 2, (3, 5)).astype(np.uint8) * 255, "L").convert("1")
    bands = [
        Image.fromarray(rng.integers(0, 256, (3, 5)).astype(np.uint8), "L")
        for _ in Image.new(mode, (1, 1)).getbands()
    ]
    return bands[0] if len(bands) == 1 else Image.merge(mode, bands)


def pixels(image):
    try:
        image.load()
    except (ValueError, OSError, AssertionError, AttributeError):
        fail(
            "the image can't be read any more: its file was closed before its pixels were loaded",
            mistake="Image.open reads only the header, and `with` closes the file at its end",
            hint='with Image.open(path) as file: image = file.convert("RGB"), whatever the mode',
        )
    return torch.from_numpy(np.array(image))  # (height, width, channels)


@pytest.fixture
def files(tmp_path, seed):
    """Six RGB files whose names are in another order than the list."""
    rng = np.random.default_rng(seed)
    paths = []
    for name in ("e", "b", "f", "a", "d", "c"):
        paths.append(tmp_path / f"{name}.png")
        noise(rng, "RGB").save(paths[-1])
    return paths


def on_white(path):
    """The wrong idea that what is transparent is white."""
    with Image.open(path) as image:
        image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return pixels(Image.alpha_composite(white, image).convert("RGB"))


def as_read(path):
    with Image.open(path) as image:
        return pixels(image.convert("RGB"))


def pair(item):
    """The (image, label) that an item should be."""
    if item is None:
        fail("dataset[i] gives None", hint="return image, label")
    assert isinstance(item, tuple), (
        f"dataset[i] should be the tuple (image, label), got a {type(item).__name__}"
    )
    assert len(item) == 2, f"dataset[i] should be (image, label), got a tuple of {len(item)}"
    return item


def test_it_is_a_dataset_with_a_length(submission, files):
    """it is a torch Dataset, and as long as the list of paths"""
    tried("len(ImageDataset(image_paths, labels)) with 6 images")
    dataset = submission.ImageDataset(files, LABELS)
    assert isinstance(dataset, Dataset), (
        "ImageDataset should be a subclass of torch.utils.data.Dataset"
    )
    assert len(dataset) == 6, f"6 paths should make a length of 6, got {len(dataset)}"
    lone = submission.ImageDataset(files[:1], LABELS[:1])
    assert len(lone) == 1, f"1 path should make a length of 1, got {len(lone)}"


def test_lengths_must_agree(submission, files):
    """paths and labels of different lengths are refused when the dataset is made"""
    for paths, labels in ((files, LABELS[:4]), (files[:4], LABELS)):
        tried(f"ImageDataset(image_paths, labels) with {len(paths)} paths and {len(labels)} labels")
        try:
            submission.ImageDataset(paths, labels)
        except ValueError:
            continue
        except AssertionError:
            fail(
                "an AssertionError was raised, expected a ValueError",
                hint="assert vanishes under python -O; raise ValueError",
            )
        fail(
            "no ValueError was raised",
            mistake="zip() cuts the longer list short, and a list without a check fails late, in the middle of an epoch",
            hint="if len(image_paths) != len(labels): raise ValueError(...)",
        )


def test_items_are_image_and_label(submission, files):
    """each item is its RGB image and its label"""
    dataset = submission.ImageDataset(files, LABELS)
    for i in (0, 1, 3, 5):
        tried(f"dataset[{i}] without a transform")
        image, label = pair(dataset[i])
        if isinstance(label, Image.Image):
            fail("the label comes first", hint="return image, label")
        if not isinstance(image, Image.Image):
            fail(
                f"without a transform the image should be a PIL image, got a {type(image).__name__}",
                hint="leave the conversion to a tensor to the transform",
            )
        assert image.size == SIZE, (
            f"the file is {SIZE[0]} wide and {SIZE[1]} high, the image's size is {image.size}"
        )
        right = as_read(files[i])
        assert_close(
            pixels(image),
            right,
            what="the image's pixels",
            mistakes={
                "red and blue have changed places": right.flip(-1),
                "this is the image of another index: the order of image_paths matters": as_read(
                    sorted(files)[i]
                ),
            },
        )
        if type(label) is not int or label != LABELS[i]:
            fail(
                f"the label of index {i} should be {LABELS[i]!r} as in the list, got {label!r}",
                mistake="this is the index, not the label"
                if type(label) is int and label == i
                else "",
                hint="self.labels[idx], unchanged",
            )


def test_nothing_is_opened_before_it_is_asked_for(submission, files, tmp_path):
    """files are opened when asked for, and only those"""
    missing = tmp_path / "not-there-yet.png"
    paths = [*files[:5], missing]
    tried(
        "ImageDataset(image_paths, labels), where the last file does not exist, then dataset[0] and dataset[4]"
    )
    try:
        dataset = submission.ImageDataset(paths, LABELS)
        dataset[0]
        dataset[4]
    except OSError as error:
        fail(
            f"{type(error).__name__}, although that file was never asked for",
            mistake="images are read when the dataset is made; a real one does not fit into memory",
            hint="keep the paths, and open the file in __getitem__",
        )
    noise(np.random.default_rng(1), "RGB").save(missing)
    tried("dataset[5], whose file was written after the dataset was made")
    image, _ = pair(dataset[5])
    assert_close(pixels(image), as_read(missing), what="the image")


def test_string_labels_and_paths(submission, files):
    """paths may be strings, and labels may be strings"""
    names = ["cat", "dog", "cat", "owl", "007", "ant"]
    tried("ImageDataset([str, ...], ['cat', ...])[3]")
    dataset = submission.ImageDataset([str(path) for path in files], names)
    image, label = pair(dataset[3])
    assert label == "owl", f"the label should be 'owl' as in the list, got {label!r}"
    assert_close(pixels(image), as_read(files[3]), what="the image's pixels")
    _, label = pair(dataset[4])
    assert type(label) is str and label == "007", (
        f"the label should be '007' as in the list, got {label!r}"
    )


def test_items_keep_apart(submission, files):
    """a path may come twice, and two datasets keep apart"""
    first = submission.ImageDataset([files[0], files[1], files[0]], [7, 3, 9])
    submission.ImageDataset(files[2:4], [1, 2])
    tried("dataset with paths [a, b, a] and labels [7, 3, 9], after another dataset was made")
    assert len(first) == 3, f"3 paths, of which two are equal, make a length of 3, got {len(first)}"
    for i, label in enumerate([7, 3, 9]):
        image, got = pair(first[i])
        assert got == label, f"the label of index {i} should be {label}, got {got!r}"
        assert_close(pixels(image), as_read(files[i % 2]), what=f"the pixels of dataset[{i}]")


def judge_arguments(calls):
    for arguments in calls:
        if len(arguments) != 1 or not isinstance(arguments[0], Image.Image):
            kinds = ", ".join(type(argument).__name__ for argument in arguments)
            fail(
                f"the transform should be called with one PIL image, it was called with ({kinds})",
                hint="self.transform(image)",
            )


def test_transform_sees_the_image_alone(submission, files):
    """the transform is called with the image alone, and its result is used as it is"""
    calls = []

    def transform(*arguments):
        calls.append(arguments)
        return {"call": len(calls)}

    tried("dataset[2], dataset[2], dataset[1] with a transform that returns a dict")
    dataset = submission.ImageDataset(files, LABELS, transform=transform)
    assert not calls, "the transform was called before any image was asked for"
    try:
        items = [pair(dataset[i]) for i in (2, 2, 1)]
    except (TypeError, ValueError, AttributeError, LookupError):
        judge_arguments(calls)  # the likely reason
        raise
    assert calls, "the transform was not called"
    judge_arguments(calls)
    if len(calls) < 3:
        fail(
            f"3 accesses called the transform {len(calls)} times",
            mistake="what the transform returned is kept, so a random augmentation would be the same in every epoch",
            hint="apply the transform in __getitem__, and keep no result",
        )
    assert len(calls) == 3, f"3 accesses called the transform {len(calls)} times"
    for (image, label), call, expected in zip(items, (1, 2, 3), (9, 9, 3), strict=True):
        assert image == {"call": call}, (
            f"what the transform returns should be the image as it is, got {image!r}"
        )
        assert label == expected, f"the label should stay {expected}, got {label!r}"
    for result in ((1, 2), 0, None):
        tried(f"dataset[1] with a transform that returns {result!r}")
        image, _ = pair(submission.ImageDataset(files, LABELS, lambda image, r=result: r)[1])
        assert type(image) is type(result) and image == result, (
            f"what the transform returns should be the image as it is, got {image!r}"
        )
    tried("dataset[1], twice, with a transform that returns torch.rand(())")
    dataset = submission.ImageDataset(files, LABELS, lambda image: torch.rand(()))
    assert pair(dataset[1])[0] != pair(dataset[1])[0], (
        "a random transform gave the same twice: leave the seed of the global generator alone"
    )


def test_image_is_new_at_every_access(submission, files):
    """what is done to an image is not seen at the next access"""

    def paint(image):
        seen.append(pixels(image))
        image.paste((9, 9, 9), (0, 0, *image.size))
        return image

    seen = []
    for transform, what in ((None, "the image"), (paint, "the image that the transform gets")):
        dataset = submission.ImageDataset(files, LABELS, transform)
        tried(
            f"dataset[2], painted over {'by the transform' if transform else 'by the caller'}, then dataset[2]"
        )
        image, _ = pair(dataset[2])
        image.paste((9, 9, 9), (0, 0, *image.size))
        again, _ = pair(dataset[2])
        assert_close(
            seen[-1] if transform else pixels(again),
            as_read(files[2]),
            what=f"{what}, at the second access,",
            hint="keep no image; read the file at every access",
        )


@pytest.mark.parametrize(
    "mode",
    ["L", "LA", "RGBA", "P", "1", "CMYK"],
    ids=["greyscale", "greyscale and alpha", "RGBA", "palette", "black and white", "CMYK"],
)
def test_every_mode_becomes_rgb(submission, tmp_path, seed, mode):
    """every file comes out as RGB"""
    path = tmp_path / ("image.tif" if mode == "CMYK" else "image.png")
    source = noise(np.random.default_rng(seed), mode)
    source.save(path)
    seen = []
    for transform in (None, lambda image: seen.append(image) or image):
        tried(
            f"dataset[0] of a file in PIL's mode {mode!r}{', with a transform' if transform else ''}"
        )
        image, _ = pair(submission.ImageDataset([path], [1], transform)[0])
        given = seen[0] if transform and seen else image
        if given.mode != "RGB":
            fail(
                f"the image{' given to the transform' if transform else ''} is in mode {given.mode!r}, expected 'RGB'",
                mistake="Image.open keeps the file's own mode, so a batch would mix 1, 3 and 4 channels",
                hint='Image.open(path).convert("RGB"), before the transform',
            )
        assert_close(
            pixels(given),
            as_read(path),
            what="the image's pixels",
            mistakes={
                'the image is laid on white; convert("RGB") drops the alpha channel': on_white(path)
            },
        )


def test_indices_count_as_in_a_list(submission, files):
    """-1 is the last image, and an index past either end raises IndexError"""
    dataset = submission.ImageDataset(files, LABELS)
    tried("dataset[-1]")
    try:
        image, label = pair(dataset[-1])
    except IndexError:
        fail("dataset[-1] raises IndexError; it is the last image")
    assert label == 5, f"dataset[-1] should have the last label, 5, got {label!r}"
    assert_close(pixels(image), as_read(files[-1]), what="the pixels of dataset[-1]")
    for index in (6, -7):
        tried(f"dataset[{index}] of 6 images")
        try:
            dataset[index]
        except IndexError:
            continue
        except Exception as error:
            fail(f"dataset[{index}] of 6 images raises {type(error).__name__}, not IndexError")
        fail(
            f"dataset[{index}] of 6 images raises no IndexError",
            mistake="a for loop over the dataset ends at the IndexError, so it would never end",
            hint="index the list with idx itself",
        )


def test_unreadable_file_raises(submission, files):
    """a file that cannot be read raises"""
    files[1].write_bytes(b"this is no image")
    files[2].unlink()
    Image.effect_noise((64, 48), 50).save(files[3])
    files[3].write_bytes(files[3].read_bytes()[:1500])
    dataset = submission.ImageDataset(files, LABELS)
    for index, what in ((1, "holds no image"), (2, "is missing"), (3, "is cut off in the middle")):
        tried(f"dataset[{index}], whose file {what}")
        try:
            got = dataset[index]
        except OSError:  # FileNotFoundError, and PIL's UnidentifiedImageError
            continue
        except Exception as error:
            fail(
                f"a file that {what} raised {type(error).__name__}, expected the file's own error, an OSError",
                hint="let the error through",
            )
        fail(
            f"a file that {what} raised no error, and gave {type(got).__name__}",
            mistake="an except that puts something else in its place hides a broken data set",
            hint="let the error through",
        )


def test_no_file_stays_open(submission, files, monkeypatch):
    """no file stays open once the item is there"""
    opened = []
    really_open = builtins.open

    def spying_open(*arguments, **options):
        file = really_open(*arguments, **options)
        opened.append(weakref.ref(file))
        return file

    monkeypatch.setattr(builtins, "open", spying_open)
    monkeypatch.setattr(io, "open", spying_open)
    tried("images = [dataset[i][0] for i in range(6)], all kept")
    dataset = submission.ImageDataset(files, LABELS)
    kept = [dataset[i] for i in range(6)]
    still = [file for ref in opened if (file := ref()) is not None and not file.closed]
    monkeypatch.undo()
    if still:
        fail(
            f"{len(still)} files are still open after {len(kept)} images",
            mistake="Image.open reads only the header; the file stays open until the pixels are read",
            hint='with Image.open(path) as file: image = file.convert("RGB")',
        )


def to_tensor(image):
    return pixels(image).permute(2, 0, 1).float() / 255  # (3, height, width)


@pytest.mark.parametrize("workers", [0, 2], ids=["no workers", "2 workers"])
def test_data_loader(submission, files, workers):
    """it works through a DataLoader"""
    dataset = submission.ImageDataset(files, LABELS, transform=to_tensor)
    tried(f"DataLoader(dataset, batch_size=4, num_workers={workers})")
    try:
        images, labels = zip(*DataLoader(dataset, batch_size=4, num_workers=workers), strict=True)
    except (RuntimeError, TypeError, ValueError, AttributeError, LookupError) as error:
        fail(
            f"the loader raises {type(error).__name__}: {str(error).strip().splitlines()[-1]}",
            hint="the loader asks for dataset[i], with every i once, in whichever worker; the dataset need not know about workers or batches",
        )
    assert all(isinstance(batch, torch.Tensor) for batch in labels), (
        "integer labels should come out of the loader as a tensor"
    )
    assert [len(batch) for batch in images] == [4, 2], (
        f"expected batches of 4 and 2, got {[len(batch) for batch in images]}"
    )
    assert_shape(images[0], (4, 3, 3, 5), what="a batch of images")
    assert_close(
        torch.cat(images),
        torch.stack([to_tensor(Image.open(path)) for path in files]),
        what="the images",
    )
    assert_close(torch.cat(labels), torch.tensor(LABELS), what="the labels")
