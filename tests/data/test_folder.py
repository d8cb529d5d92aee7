import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medlab.data import load_folder

HEIGHT, WIDTH = 9, 12


def write(path: Path, seed: int, shape: tuple[int, ...] = (HEIGHT, WIDTH)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, size=shape, dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def fill(folder: Path, n_cats: int = 20, n_dogs: int = 30, first: int = 0) -> Path:
    for number in range(n_cats):
        write(folder / "cat" / f"image_{first + number}.png", first + number)
    for number in range(n_cats, n_cats + n_dogs):
        write(folder / "dog" / f"image_{first + number}.png", first + number)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with only train: 20 cats and 30 dogs, numbered one after the other."""
    return fill(tmp_path / "pets" / "train").parent


def everything(dataset):
    return [name for split in dataset.splits().values() for name in split.attributes["file"]]


def test_images_labels_and_names_are_those_of_the_files(folder):
    dataset = load_folder(folder)
    assert dataset.name == "pets"
    assert dataset.task == "binary"
    assert dataset.class_names == ("cat", "dog")
    assert dataset.image_shape == (HEIGHT, WIDTH, 1)
    for split in dataset.splits().values():
        for image, label, name in zip(split.images, split.labels, split.attributes["file"], strict=True):
            number = int(name.removeprefix("image_").removesuffix(".png"))
            expected = np.random.default_rng(number).integers(0, 256, size=(HEIGHT, WIDTH), dtype=np.uint8)
            np.testing.assert_array_equal(image[..., 0], expected)
            assert label == (number >= 20)


def test_missing_splits_are_taken_from_train_each_image_once_and_stratified(folder):
    dataset = load_folder(folder, seed=1)
    assert {name: np.bincount(split.labels).tolist() for name, split in dataset.splits().items()} == {
        "train": [14, 21],
        "val": [3, 5],
        "test": [3, 4],
    }
    assert len(set(everything(dataset))) == 50
    assert "Split off from train, stratified by class" in dataset.notes[1]


def test_only_what_is_missing_is_split_off(folder):
    fill(folder / "val", 4, 5, first=100)
    dataset = load_folder(folder, test_fraction=0.2)
    assert [len(split) for split in dataset.splits().values()] == [40, 9, 10]
    assert "Images in the folder: train 50, val 9." in dataset.notes
    fill(folder / "test", 6, 7, first=200)
    dataset = load_folder(folder)
    assert [len(split) for split in dataset.splits().values()] == [50, 9, 13]
    assert not any("Split off" in note for note in dataset.notes)


def test_class_folders_alone_are_train(folder):
    assert load_folder(folder / "train").fingerprint == load_folder(folder).fingerprint


def test_the_same_seed_loads_the_same_bytes_and_another_seed_splits_otherwise(folder):
    first, again, other = (load_folder(folder, seed=seed) for seed in (0, 0, 1))
    assert first.fingerprint == again.fingerprint != other.fingerprint


def test_blocks_of_file_numbers_stay_together_and_the_report_says_so(folder):
    dataset = load_folder(folder, group_rule="blocks:5")
    blocks = [
        {int(name[6:-4]) // 5 for name in split.attributes["file"]} for split in dataset.splits().values()
    ]
    assert sum(map(len, blocks)) == 10 == len(set.union(*blocks))
    assert "in blocks of 5 consecutive file numbers (10 groups), seed 0: val" in dataset.notes[1]
    assert dataset.train.patients is None
    assert "Patients are not known" in dataset.notes[-1]


def test_auto_gives_blocks_up_where_they_are_too_few_and_says_so(folder):
    write(folder / "train" / "dog" / "image_90000.png", 51)
    dataset = load_folder(folder)
    assert "each image on its own" in dataset.notes[1]
    assert any("too few blocks" in note for note in dataset.notes)
    with pytest.raises(ValueError, match=r"at least 3 groups"):
        load_folder(folder, group_rule="blocks:1000")


def test_a_table_makes_patients_known_and_keeps_them_together(folder):
    lines = [f"image_{number}.png,patient{number // 3}" for number in range(50)]
    (folder / "groups.csv").write_text("\n".join(["file,group", *lines]))
    dataset = load_folder(folder, group_rule="csv:groups.csv")
    patients = [set(split.patients) for split in dataset.splits().values()]
    assert sum(map(len, patients)) == 17 == len(set.union(*patients))
    name, patient = dataset.test.attributes["file"][0], dataset.test.patients[0]
    assert patient == f"patient{int(name[6:-4]) // 3}"
    assert not any("Patients are not known" in note for note in dataset.notes)


def test_patients_stay_together_whatever_blanks_the_table_has_and_the_cells_are_counted(folder):
    marks = ["p{}", " p{}", "p{} ", "p{}\u00a0"]
    lines = [f"image_{number}.png,{marks[number % 4].format(number // 4)}" for number in range(50)]
    (folder / "groups.csv").write_text("\n".join(["file,group", *lines]), encoding="utf-8")
    dataset = load_folder(folder, group_rule="csv:groups.csv")
    patients = [set(split.patients) for split in dataset.splits().values()]
    assert sum(map(len, patients)) == 13 == len(set.union(*patients))
    # Of 50 rows, those whose number is no multiple of 4 have a blank: 50 - 13.
    assert (
        "Cells of groups.csv read without blanks at their ends or in Unicode's usual form: 37."
        in dataset.notes
    )


def test_groups_shared_by_given_splits_are_said(folder):
    fill(folder / "val", 4, 5, first=100)
    lines = [f"image_{number}.png,p{number % 10}" for number in [*range(50), *range(100, 109)]]
    (folder / "groups.csv").write_text("\n".join(["file,group", *lines]))
    notes = load_folder(folder, group_rule="csv:groups.csv").notes
    assert any("train and val share" in note and "of the 9 groups in val" in note for note in notes)


@pytest.mark.parametrize(("given", "number"), [("cat", 0), ("dog", 1), (0, 0), ("1", 1), (np.int64(1), 1)])
def test_the_positive_class_is_given_by_name_or_number(folder, given, number):
    assert load_folder(folder, positive_class=given).positive_class == number


def test_the_name_of_a_class_wins_over_its_place(folder):
    (folder / "train" / "cat").rename(folder / "train" / "1")
    (folder / "train" / "dog").rename(folder / "train" / "2")
    for given, number in ((1, 0), ("1", 0), (np.int64(1), 0), (2, 1), ("2", 1), ("0", 0)):
        assert load_folder(folder, positive_class=given).positive_class == number
    with pytest.raises(ValueError, match=r"positive_class must be one of: 1, 2; got '3'"):
        load_folder(folder, positive_class=3)


@pytest.mark.parametrize("given", [None, ""])
def test_without_a_positive_class_the_second_is_taken_and_said(folder, given):
    dataset = load_folder(folder, positive_class=given)
    assert dataset.positive_class == 1
    assert any(note.startswith("No positive class was named: 'dog'") for note in dataset.notes)


def test_a_class_may_have_a_number_for_its_name(folder):
    (folder / "train" / "cat").rename(folder / "train" / "1")
    (folder / "train" / "dog").rename(folder / "train" / "0")
    dataset = load_folder(folder, positive_class="1")
    assert dataset.class_names[dataset.positive_class] == "1"


def test_more_than_two_classes_have_no_positive_one(folder):
    for number in range(5):
        write(folder / "train" / "eel" / f"image_{number}.png", 90 + number)
    dataset = load_folder(folder)
    assert (dataset.task, dataset.positive_class) == ("multiclass", None)
    with pytest.raises(ValueError, match=r"must be left out where there are more than two classes, got 3"):
        load_folder(folder, positive_class="eel")


def test_labels_mean_no_more_than_the_folder_says(folder):
    assert "name of the folder an image lies in (cat, dog)" in load_folder(folder).label_meaning
    (folder / "train" / "cat").rename(folder / "train" / "nodule")
    assert "labelled nodule is not thereby labelled malignant" in load_folder(folder).label_meaning


def test_resizing_happens_only_when_asked_and_is_counted(folder):
    write(folder / "train" / "cat" / "image_3.png", 3, shape=(7, 12))
    with pytest.raises(
        ValueError,
        match=r"1 of 50 that differ: train/cat/image_3\.png is 7x12 \(HxW\) among 9x12\. "
        r"Pass image_size=\(9, 12\)",
    ):
        load_folder(folder)
    dataset = load_folder(folder, image_size=(HEIGHT, WIDTH))
    assert dataset.image_shape == (HEIGHT, WIDTH, 1)
    assert "Images resized to 9x12 (HxW): 1 (1 from 7x12)." in dataset.notes
    assert load_folder(folder, image_size=16).image_shape == (16, 16, 1)


def test_many_odd_sizes_are_named_in_part_and_counted(folder):
    for number in range(5):
        write(folder / "train" / "cat" / f"image_{number}.png", number, shape=(7, 8))
    with pytest.raises(ValueError, match=r"got 5 of 50 that differ.*and 2 more differ"):
        load_folder(folder)


@pytest.mark.parametrize(("size", "error"), [(4, ValueError), (8.5, TypeError), ((9, 0), ValueError)])
def test_refuses_an_impossible_image_size(folder, size, error):
    with pytest.raises(error, match="image_size must"):
        load_folder(folder, image_size=size)


def test_color_is_kept_when_asked_and_turned_gray_otherwise(folder):
    path = write(folder / "train" / "cat" / "image_0.png", 0, shape=(HEIGHT, WIDTH, 3))
    gray = np.asarray(Image.open(path).convert("L"))
    dataset = load_folder(folder)
    assert any(np.array_equal(image[..., 0], gray) for image in dataset.train.images) or any(
        np.array_equal(image[..., 0], gray) for split in (dataset.val, dataset.test) for image in split.images
    )
    assert "1 images are stored in color and were read as gray." in dataset.notes
    colored = load_folder(folder, color=True)
    assert colored.image_shape == (HEIGHT, WIDTH, 3)
    assert not [note for note in colored.notes if "gray" in note]


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_sixteen_bit_images_keep_their_steps_on_the_scale_of_eight(folder, extension):
    pixels = np.arange(HEIGHT * WIDTH, dtype=np.uint16).reshape(HEIGHT, WIDTH)
    pixels[0, 0] = 65535
    (folder / "train" / "cat" / "image_0.png").unlink()
    Image.fromarray(pixels).save(folder / "train" / "cat" / f"image_0.{extension}")
    dataset = load_folder(folder, color=True)
    images = np.concatenate([split.images for split in dataset.splits().values()])
    names = everything(dataset)
    np.testing.assert_allclose(images[names.index(f"image_0.{extension}"), ..., 2], pixels / 257, rtol=1e-6)
    assert images.dtype == np.float32
    assert images.max() == 255
    assert any("divided by 257, which maps 65535 to 255: 1 of 50." in note for note in dataset.notes)
    assert any(
        note.endswith("The others have 8 bits: compare how bright both are.") for note in dataset.notes
    )


def test_twelve_bits_stored_in_sixteen_are_told_by_the_span_they_have(folder):
    for path in (folder / "train").rglob("*.png"):
        Image.fromarray(np.asarray(Image.open(path)).astype(np.uint16) * 16 % 4096 + 3).save(path)
    pixels = np.full((HEIGHT, WIDTH), 4095, np.uint16)
    pixels[0, 0] = 0
    Image.fromarray(pixels).save(folder / "train" / "cat" / "image_0.png")
    dataset = load_folder(folder)
    # 4095 / 257 = 15.93
    (told,) = [note for note in dataset.notes if "divided by 257" in note]
    assert told.endswith("to 255: 50 of 50. Their gray values span 0 to 15.93.")


def tiff(path: Path, pixels: np.ndarray, photometric: int, order: str = "<", number_format: int = 1) -> Path:
    """Write a TIFF of one strip; number format 1 is unsigned, 2 signed, 3 float."""
    content = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    height, width = pixels.shape
    tags = {256: width, 257: height, 258: 8 * pixels.itemsize, 259: 1, 262: photometric, 273: 134, 277: 1}
    tags |= {278: height, 279: len(content), 339: number_format}
    entries = b"".join(
        struct.pack(order + "HHI", tag, 4 if tag in (273, 279) else 3, 1)
        + (struct.pack(order + "I", value) if tag in (273, 279) else struct.pack(order + "HH", value, 0))
        for tag, value in tags.items()
    )
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HIH", 42, 8, len(tags))
    path.write_bytes(head + entries + struct.pack(order + "I", 0) + content)
    return path


def pixels_of(dataset, name):
    images = np.concatenate([split.images for split in dataset.splits().values()])
    return images[everything(dataset).index(name)]


def test_white_is_zero_has_one_polarity_in_eight_and_in_sixteen_bits_and_is_told(folder):
    stored = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    cat = folder / "train" / "cat"
    tiff(cat / "image_100.tif", stored.astype(np.uint8), photometric=0)
    tiff(cat / "image_101.tif", stored.astype(np.uint16) * 257, photometric=0)
    tiff(cat / "image_102.tif", stored.astype(np.uint16) * 257, photometric=1)
    dataset = load_folder(folder)
    # Stored 0 is white, hence 255; stored 107 is 255 - 107 = 148.
    for name in ("image_100.tif", "image_101.tif"):
        np.testing.assert_allclose(pixels_of(dataset, name)[..., 0], 255 - stored, rtol=1e-6)
    np.testing.assert_allclose(pixels_of(dataset, "image_102.tif")[..., 0], stored, rtol=1e-6)
    assert any(
        note.startswith(
            "2 of 53 images store white as 0 (TIFF, PhotometricInterpretation 0) and were inverted"
        )
        for note in dataset.notes
    )


def test_both_byte_orders_of_sixteen_bits_are_read_alike(folder):
    stored = np.arange(HEIGHT * WIDTH, dtype=np.uint16).reshape(HEIGHT, WIDTH) * 600
    for number, order in enumerate("<>"):
        tiff(folder / "train" / "cat" / f"image_10{number}.tif", stored, 1, order)
    dataset = load_folder(folder)
    for number in range(2):
        np.testing.assert_allclose(
            pixels_of(dataset, f"image_10{number}.tif")[..., 0], stored / 257, rtol=1e-6
        )


@pytest.mark.parametrize(
    ("dtype", "photometric", "number_format", "said"),
    [
        (np.int8, 1, 2, "signed numbers"),
        (np.float32, 0, 3, "floats with white as 0"),
        (np.uint32, 1, 1, "'I'"),
    ],
)
def test_refuses_pixels_that_would_be_read_wrongly(folder, dtype, photometric, number_format, said):
    pixels = np.zeros((HEIGHT, WIDTH), dtype)
    tiff(folder / "train" / "cat" / "image_0.tif", pixels, photometric, number_format=number_format)
    with pytest.raises(
        ValueError, match=rf"image_0\.tif must hold 8-bit, 16-bit or float pixels, got {said}"
    ):
        load_folder(folder)


def test_a_kind_of_tiff_that_pillow_does_not_know_is_not_called_damaged_only(folder):
    tiff(folder / "train" / "cat" / "image_0.tif", np.zeros((HEIGHT, WIDTH), np.uint16), 0, ">")
    with pytest.raises(
        ValueError,
        match=r"got: no kind of image that Pillow knows\. .* or of a rare kind: .*save it again as PNG",
    ):
        load_folder(folder)


def test_refuses_colors_that_have_no_gray(folder):
    Image.new("LAB", (WIDTH, HEIGHT)).save(folder / "train" / "cat" / "image_0.tif")
    with pytest.raises(ValueError, match=r"image_0\.tif must hold 8-bit, .* got 'LAB'\. Convert it first"):
        load_folder(folder)


def png(path: Path, height: int, width: int, bits: int, color_type: int, rows: bytes) -> None:
    """Write a PNG of any kind; color type 0 is gray, 2 is RGB."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


def test_what_is_left_out_of_deep_and_transparent_colors_is_told(folder):
    rows = HEIGHT * (b"\0" + WIDTH * 3 * b"\x12\x34")
    png(folder / "train" / "cat" / "image_0.png", HEIGHT, WIDTH, 16, 2, rows)
    Image.new("LA", (WIDTH, HEIGHT), (70, 0)).save(folder / "train" / "cat" / "image_1.png")
    dataset = load_folder(folder)
    assert pixels_of(dataset, "image_0.png").max() == 0x12
    assert pixels_of(dataset, "image_1.png").max() == 70
    assert "1 of 50 images have 16 bits in each of several channels and were read with 8." in dataset.notes
    assert any(
        note.startswith("1 of 50 images have a channel or color for transparency") for note in dataset.notes
    )


def test_one_bit_and_palettes_are_read_as_the_grays_they_show(folder):
    shown = np.where(np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 3 == 0, 255, 0).astype(np.uint8)
    Image.fromarray(shown).convert("1").save(folder / "train" / "cat" / "image_0.png")
    palette = Image.fromarray((shown > 0).astype(np.uint8), mode="P")
    palette.putpalette([200, 200, 200, 10, 10, 10])
    palette.save(folder / "train" / "cat" / "image_1.png")
    dataset = load_folder(folder)
    np.testing.assert_array_equal(pixels_of(dataset, "image_0.png")[..., 0], shown)
    np.testing.assert_array_equal(pixels_of(dataset, "image_1.png")[..., 0], np.where(shown > 0, 10, 200))


def floats(folder: Path, value: float) -> None:
    for path in (folder / "train").rglob("*.png"):
        pixels = np.asarray(Image.open(path), dtype=np.float32) * 10 - 1000
        pixels[0, 0] = value
        Image.fromarray(pixels).save(path.with_suffix(".tif"))
        path.unlink()


def test_float_images_stay_as_stored(folder):
    floats(folder, value=-1000.5)
    images = load_folder(folder).train.images
    assert images.dtype == np.float32
    assert images.min() == -1000.5


def test_refuses_nan_and_names_the_file(folder):
    floats(folder, value=np.nan)
    with pytest.raises(ValueError, match=r"train/.*\.tif must hold finite numbers, got NaN"):
        load_folder(folder)


def test_refuses_floats_among_integers(folder):
    floats(folder, value=0)
    write(folder / "train" / "cat" / "image_0.png", 0)
    with pytest.raises(ValueError, match=r"got floats in .*\.tif and integers in .*image_0\.png"):
        load_folder(folder)


def test_refuses_pixels_without_a_known_scale(folder):
    path = folder / "train" / "cat" / "image_0.tif"
    Image.fromarray(np.zeros((HEIGHT, WIDTH), np.int32)).save(path)
    with pytest.raises(ValueError, match=r"image_0\.tif must hold 8-bit, 16-bit or float pixels, got 'I'"):
        load_folder(folder)


def test_refuses_several_pages_in_a_file(folder):
    page = Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint8))
    page.save(folder / "train" / "cat" / "stack.tif", save_all=True, append_images=[page, page])
    with pytest.raises(ValueError, match=r"stack\.tif must hold one image, got 3 pages"):
        load_folder(folder)


@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
def test_a_camera_held_sideways_is_turned_upright_and_not_stretched(folder, extension):
    pixels = np.repeat(np.linspace(0, 250, HEIGHT, dtype=np.uint8)[np.newaxis], WIDTH, axis=0)
    exif = Image.Exif()
    exif[0x0112] = 6
    path = folder / "train" / "cat" / f"image_100.{extension}"
    Image.fromarray(pixels).save(path, exif=exif)
    dataset = load_folder(folder)
    assert dataset.image_shape == (HEIGHT, WIDTH, 1)
    # Turned by a quarter, each column runs from 0 above to 250 below, as each row did.
    np.testing.assert_allclose(pixels_of(dataset, path.name)[..., 0].astype(float), pixels.T, atol=3)


def test_refuses_a_png_that_says_after_its_pixels_that_it_is_turned(folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = folder / "train" / "cat" / "image_0.png"
    Image.new("L", (WIDTH, HEIGHT)).save(path, exif=exif)
    content = path.read_bytes()
    start = content.index(b"eXIf") - 4
    chunk = content[start : start + 12 + int.from_bytes(content[start : start + 4], "big")]
    path.write_bytes(content.replace(chunk, b"").replace(content[-12:], chunk + content[-12:]))
    with pytest.raises(
        ValueError, match=r"image_0\.png must say before its pixels that it is turned, got it after"
    ):
        load_folder(folder)


@pytest.mark.parametrize("keep", [20, 400])
def test_names_a_corrupt_jpeg(folder, keep):
    path = write(folder / "train" / "dog" / "scan_99.jpg", 99)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"train/dog/scan_99\.jpg must be a readable image, got: .*damaged"):
        load_folder(folder)


def test_names_up_to_three_damaged_files_and_counts_them(folder):
    for number in (3, 7):
        (folder / "train" / "cat" / f"image_{number}.png").write_bytes(b"not an image")
    with pytest.raises(
        ValueError, match=r"cat/image_3\.png must be .*besides this one: 1 \(train/cat/image_7\.png\)\."
    ):
        load_folder(folder)
    for number in (20, 21):
        (folder / "train" / "dog" / f"image_{number}.png").write_bytes(b"")
    listed = r"train/cat/image_7\.png, train/dog/image_20\.png \.\.\."
    with pytest.raises(ValueError, match=rf"cat/image_3\.png must be .*besides this one: 3 \({listed}\)\."):
        load_folder(folder)


def test_names_the_damaged_pixels_of_all_splits(folder):
    fill(folder / "test", 3, 3, first=100)
    paths = [folder / "train" / "cat" / "image_3.png", folder / "test" / "dog" / "image_104.png"]
    for path in paths:  # the header is whole, the pixels are cut
        path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ValueError, match=r"cat/image_3\.png .*this one: 1 \(test/dog/image_104\.png\)"):
        load_folder(folder)


def test_names_a_corrupt_png(folder):
    path = folder / "train" / "dog" / "image_20.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ValueError, match=r"train/dog/image_20\.png must be a readable image"):
        load_folder(folder)


def test_tells_an_empty_file_and_one_that_may_not_be_read_from_a_damaged_one(folder, monkeypatch):
    path = folder / "train" / "dog" / "image_20.png"
    path.write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"dog/image_20\.png must be a readable image, got an empty file\. Copy it"
    ):
        load_folder(folder)

    def forbidden(path, _mode):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(
        ValueError, match=r"^train/cat/\S+ must be a readable file, got: Permission denied\. Make"
    ):
        load_folder(folder)


def test_messages_of_pillow_come_without_the_path_it_quotes(folder):
    (folder / "train" / "dog" / "image_20.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"^train/dog/image_20\.png must") as caught:
        load_folder(folder)
    assert str(folder) not in str(caught.value)


def test_a_huge_image_is_not_called_damaged(folder):
    png(folder / "train" / "cat" / "slide_1.png", 15000, 15000, 8, 0, b"")
    with pytest.raises(
        ValueError, match=r"cat/slide_1\.png must have at most 178,956,970 pixels, got .*225000000"
    ) as e:
        load_folder(folder)
    assert "need not be damaged: make the image smaller, or cut it into parts" in str(e.value)


def test_refuses_an_empty_class_folder(folder):
    (folder / "train" / "eel").mkdir()
    with pytest.raises(ValueError, match=r"class folder train/eel must hold images .*got nothing"):
        load_folder(folder)


def test_says_what_a_class_folder_holds_instead_of_images(folder):
    (folder / "train" / "eel").mkdir()
    for number in range(2):
        (folder / "train" / "eel" / f"{number}.dcm").touch()
    with pytest.raises(ValueError, match=r"train/eel must hold images .*got 2 \.dcm"):
        load_folder(folder)


def test_files_of_a_class_that_are_not_read_are_counted_and_the_way_out_is_told(folder):
    cat = folder / "train" / "cat"
    (cat / "image_100.dcm").touch()
    (cat / "Thumbs.txt").touch()
    write(folder / "train" / "dog" / "patient1" / "image_101.png", 101)
    (folder / "train" / "dog" / "gone.png").symlink_to(folder / "nowhere.png")
    (folder / "train" / "image_102.webp").touch()
    write(folder / "unsorted" / "image_103.png", 103)
    (folder / "groups.csv").touch()
    notes = load_folder(folder).notes
    (told,) = [note for note in notes if note.startswith("Files in train/cat that were not read: ")]
    assert "1 .dcm" in told
    assert "1 .txt" in told
    assert told.endswith(". Convert them to PNG or TIFF, or take them out.")
    (told,) = [note for note in notes if note.startswith("Files in train/dog that were not read: ")]
    assert "1 in subfolders" in told
    assert "1 broken links" in told
    assert "Move images up into the class folder" in told
    assert "Files beside the class folders that were not read: 1 .webp, 1 in subfolders." in notes


def test_a_link_to_an_image_is_an_image(folder):
    path = folder / "train" / "cat" / "image_0.png"
    path.rename(folder / "kept.png")
    path.symlink_to(folder / "kept.png")
    assert len(everything(load_folder(folder))) == 50


def test_refuses_a_class_that_would_lose_more_than_a_tenth(folder):
    cat = folder / "train" / "cat"
    for number in range(2):
        (cat / f"{number}.dcm").touch()
    for number in range(9):
        (cat / f"{number}.txt").touch()
    assert any("2 .dcm" in note for note in load_folder(folder).notes)  # 2 of 22
    (cat / "2.gif").touch()
    with pytest.raises(
        ValueError,
        match=r"train/cat must .*got 20 beside 9 \.txt, 2 \.dcm, 1 \.gif, which are not read\. Convert",
    ):
        load_folder(folder)


def test_refuses_patients_in_subfolders_and_says_where_they_belong(folder):
    dog = folder / "train" / "dog"
    for number in range(20, 25):
        (dog / "patient7").mkdir(exist_ok=True)
        (dog / f"image_{number}.png").rename(dog / "patient7" / f"image_{number}.png")
    with pytest.raises(
        ValueError, match=r"got 25 beside 5 in subfolders, which .*Move images up .*groups\.csv"
    ):
        load_folder(folder)


def test_refuses_one_class_only(tmp_path):
    write(tmp_path / "train" / "cat" / "1.png", 1)
    with pytest.raises(
        ValueError, match=r"train must hold a folder for each of at least two classes, got cat"
    ):
        load_folder(tmp_path)


def test_refuses_a_folder_without_images(tmp_path):
    with pytest.raises(
        ValueError, match=r"at least two classes, got none\. Images belong into train/<class>"
    ):
        load_folder(tmp_path)


def test_refuses_a_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"The data folder must exist, got .*nowhere"):
        load_folder(tmp_path / "nowhere")


def test_refuses_splits_without_train(folder):
    (folder / "train").rename(folder / "test")
    with pytest.raises(ValueError, match=r"must hold a folder train beside test, got none"):
        load_folder(folder)


@pytest.mark.parametrize("name", ["validation", "Test", "Train", "val2"])
def test_refuses_a_split_under_another_name(folder, name):
    fill(folder / name)
    with pytest.raises(ValueError, match=rf"must be named train, val and test, got {name}\. Rename"):
        load_folder(folder)


def test_refuses_classes_that_differ_in_capital_letters_alone(folder):
    if (folder / "train" / "CAT").exists():
        pytest.skip("this disk does not tell capital letters apart")
    write(folder / "train" / "Cat" / "image_99.png", 99)
    with pytest.raises(ValueError, match=r"capital letters, got the folders Cat, cat\. Rename"):
        load_folder(folder)


def test_refuses_splits_with_different_classes(folder):
    fill(folder / "val", 3, 3, first=100)
    (folder / "val" / "dog").rename(folder / "val" / "eel")
    with pytest.raises(ValueError, match=r"same classes, got cat, eel in val and cat, dog in train"):
        load_folder(folder)


def test_refuses_a_positive_class_that_is_none_of_the_classes_and_lists_them(folder):
    with pytest.raises(
        ValueError, match=r"positive_class must be one of: cat, dog; got 'dgo'\. Did you mean"
    ):
        load_folder(folder, positive_class="dgo")


def test_refuses_an_impossible_fraction(folder):
    with pytest.raises(ValueError, match=r"test_fraction must lie between 0\.01 and 0\.9, got 1\.0"):
        load_folder(folder, test_fraction=1.0)


def test_refuses_a_class_too_small_to_split(tmp_path):
    fill(tmp_path / "train", 2, 30)
    with pytest.raises(ValueError, match=r"at least 3 groups of images.*'cat' in 2, 'dog' in 30"):
        load_folder(tmp_path)


def test_hidden_files_are_ignored(folder):
    (folder / "train" / "cat" / ".DS_Store").touch()
    (folder / "train" / "cat" / "._image_1.png").touch()
    (folder / "train" / "cat" / "Thumbs.db").touch()
    (folder / "train" / ".cache").mkdir()
    (folder / "train" / "__MACOSX").mkdir()
    assert len(everything(load_folder(folder))) == 50
    assert not [note for note in load_folder(folder).notes if "not read" in note]


def test_images_that_lie_in_two_splits_or_two_classes_are_counted(folder):
    fill(folder / "val", 4, 5, first=100)
    original = (folder / "train" / "cat" / "image_1.png").read_bytes()
    (folder / "val" / "cat" / "copy_900.png").write_bytes(original)
    (folder / "train" / "dog" / "copy_901.png").write_bytes(original)
    notes = load_folder(folder).notes
    assert "Images found in more than one split, byte for byte: 1. They flatter the result." in notes
    assert "Images found in more than one class, byte for byte: 1. Their labels contradict." in notes


def test_a_copy_in_another_split_under_another_label_contradicts_and_does_not_flatter(folder):
    fill(folder / "val", 4, 5, first=100)
    original = (folder / "train" / "cat" / "image_1.png").read_bytes()
    (folder / "val" / "dog" / "copy_900.png").write_bytes(original)
    notes = load_folder(folder).notes
    assert "Images found in more than one class, byte for byte: 1. Their labels contradict." in notes
    assert not [note for note in notes if "flatter" in note]


def test_no_path_of_the_reader_enters_the_data_set(folder):
    dataset = load_folder(folder)
    said = " ".join(
        [*dataset.notes, dataset.name, dataset.source, dataset.label_meaning, *everything(dataset)]
    )
    assert str(folder.parent) not in said


@pytest.mark.slow
def test_real_ct_patches_load_with_one_odd_image_named(real_data):
    folder = real_data / "lung_nodules"
    if not folder.is_dir():
        pytest.skip(f"{folder} is missing: no real CT patches to load")
    with pytest.raises(ValueError, match=r"train/.*\.jpg is 47x50 \(HxW\) among 50x50\. Pass image_size=50"):
        load_folder(folder)
    dataset = load_folder(folder, image_size=50, positive_class="nodule")
    assert dataset.image_shape == (50, 50, 1)
    assert dataset.positive_class == 0
    assert len(dataset.train) + len(dataset.test) == 5187
    assert np.bincount(dataset.val.labels).tolist() == [224, 1073]
    assert dataset.targets(dataset.test).mean() == pytest.approx(845 / 5187, abs=0.01)
    # Neighboring numbers are crops of one scan (their noise is alike up to 600 numbers apart), so a block
    # must hold several scans.
    assert "in blocks of 5,000 consecutive file numbers (111 groups)" in dataset.notes[1]
    blocks = [
        {int(name[6:-4]) // 5000 for name in s.attributes["file"]} for s in (dataset.train, dataset.test)
    ]
    assert not blocks[0] & blocks[1]
    assert "Images resized to 50x50 (HxW): 1 (1 from 47x50)." in dataset.notes
