"""A volume under a learner's hands: scroll, click, window, overlay; and a kernel that is gone."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

VIEWER = """
import numpy as np
from medlab.data.volumes import Volume
from medlab_widgets import SliceViewer
z, y, x = np.indices((20, 30, 40))
array = (x + 40 * y + 1000 * z - 9000).astype(np.int16)
ball = np.hypot(np.hypot(3 * (z - 12), y - 15), x - 20) < 8
viewer = SliceViewer(Volume(array, (3.0, 1.0, 1.0), units="HU"), masks={"ball": ball}, window="full range")
viewer
"""
SAY = "print(viewer.position, viewer.center, viewer.width, viewer.overlays, viewer.outline)"
SIDE = 246  # of a plane, in the page's pixels


def press(page, canvas, x, y, button="left"):
    """Click into a plane at parts of its side."""
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + x * SIDE, box["y"] + y * SIDE, button=button)


def test_planes_are_linked_and_the_window_and_the_values_need_no_kernel(lab):
    sent = []
    lab.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page = lab.open_cells(VIEWER, SAY)
    lab.run_all()
    cell = lab.cell("cell-0")
    axial, coronal = cell.get_by_test_id("plane-z"), cell.get_by_test_id("plane-y")
    axial.scroll_into_view_if_needed()
    expect(cell.get_by_text("axial, z 10 of 19")).to_be_visible()
    # 9000 below the sum of 20, 40 * 15 and 1000 * 10; x grows to the left, y to the back, z to the head.
    expect(cell.get_by_text("cross: z 10, y 15, x 20: 1620 HU at L 20.0, P 15.0, S 30.0 mm")).to_be_visible()
    # The axial plane is 40 voxels wide; its 30 rows begin at an eighth of the side.
    press(page, axial, 10.5 / 40, 1 / 8 + 5.5 / 40)
    expect(cell.get_by_text("cross: z 10, y 5, x 10: 1210 HU")).to_be_visible()
    expect(cell.get_by_text("coronal, y 5 of 29")).to_be_visible()
    # The coronal plane is 60 mm high; slice 19 is on top.
    press(page, coronal, 0.5 + 0.5 / 60, 16.5 / 20)
    expect(cell.get_by_text("cross: z 3, y 5, x 20: -5780 HU")).to_be_visible()
    expect(cell.get_by_text("axial, z 3 of 19")).to_be_visible()
    page.mouse.wheel(0, 100)
    expect(cell.get_by_text("coronal, y 6 of 29")).to_be_visible()
    axial.focus()
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowRight")
    expect(cell.get_by_text("cross: z 4, y 6, x 21: -4739 HU at L 21.0, P 6.0, S 12.0 mm")).to_be_visible()
    page.wait_for_timeout(300)  # slices asked for ahead of time are on their way
    sent.clear()
    before = axial.evaluate("canvas => canvas.toDataURL()")
    box = axial.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 150, box["y"] + 40, steps=5)
    page.mouse.up(button="right")
    expect(cell.get_by_role("combobox", name="window")).to_have_value("your own")
    assert axial.evaluate("canvas => canvas.toDataURL()") != before
    expect(cell.get_by_text(re.compile(r"^pointer: z 4, y \d+, x \d+: -4\d\d\d HU at L"))).to_be_visible()
    axial.press("+")
    cell.get_by_role("checkbox", name="outlines").check()
    assert [frame for frame in sent if "comm_msg" in str(frame)] == []
    lab.keep_picture("slice-viewer")
    cell.get_by_role("combobox", name="window").select_option("lung")
    cell.get_by_role("slider", name="opacity of ball").press("ArrowLeft")
    kept = axial.evaluate("canvas => canvas.toDataURL()")
    lab.run(lab.cell("cell-1"))
    # The picture is renewed as the reader leaves, which draws the widget anew: enlarged as it was.
    lab.wait_until(lambda: axial.evaluate("canvas => canvas.toDataURL()") == kept, "view as it was left")
    expect(lab.cell("cell-1").get_by_text("[4, 6, 21] -600.0 1500.0 [[True, 0.45]] True")).to_be_visible()
    lab.save()
    assert lab.size() < 60_000


def test_without_a_kernel_no_slice_and_no_number_is_shown_that_is_not_here(lab):
    page = lab.open_cells(VIEWER)
    lab.run_all()
    cell = lab.cell("cell-0")
    z = cell.get_by_role("slider", name="slice z")
    expect(cell.get_by_text(re.compile("^cross: z 10, y 15, x 20: 1620 HU"))).to_be_visible()
    lab.restart()
    z.focus()
    page.keyboard.press("End")
    expect(cell.get_by_text("axial, z 19 of 19")).to_be_visible()
    expect(cell.get_by_text("cross: z 19, y 15, x 20: not here yet")).to_be_visible()
    expect(cell.get_by_role("alert").get_by_text(re.compile("run this cell again"))).to_be_visible()
    pixels = "canvas => canvas.getContext('2d').getImageData(0, 60, canvas.width, 20).data"
    assert not np.any(list(cell.get_by_test_id("plane-z").evaluate(f"{pixels.replace('=> ', '=> [...')}]")))
    z.fill("10")
    expect(cell.get_by_text(re.compile("^cross: z 10, y 15, x 20: 1620 HU"))).to_be_visible()
    lab.wait_ready()
    lab.run_all()
    expect(cell.get_by_role("alert")).to_be_empty()


def test_a_slice_is_opened_by_the_magic_and_by_a_viewer_of_plain_images(lab):
    lab.open_cells(
        VIEWER.replace(
            "\nviewer\n", "\n%load_ext medlab\nvolume = Volume(array, (3.0, 1.0, 1.0), units='HU')\n"
        ),
        "%medlab slice volume -z -2 --window bone",
        "SliceViewer(array[3], spacing_mm=(0.5, 0.5))",
        "SliceViewer(np.where(array > 9000, np.nan, array))",
    )
    lab.run_all()
    opened, image, refused = (lab.cell(f"cell-{number}") for number in (1, 2, 3))
    expect(opened.get_by_text("axial, z 18 of 19")).to_be_visible()
    expect(opened.get_by_role("combobox", name="window")).to_have_value("bone")
    expect(
        image.get_by_text("cross: row 15, column 20: gray value -5380, (7.5, 10.0) mm from the first")
    ).to_be_visible()
    expect(image.locator("canvas")).to_have_count(1)
    expect(refused.get_by_role("alert")).to_contain_text("source must hold finite numbers, got")
    lab.keep_picture("slice-viewer-image")
