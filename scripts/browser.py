"""Print the path of a Chromium that runs, after getting one if there is none.

Looked for, in this order: MEDLAB_CHROMIUM, the system's, Playwright's own download, Debian's package
(only as root, with apt-get), and with it a font that has Chinese. When none of these works, say what to type.
"""

import importlib.util
import os
import shutil
import subprocess
import sys

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLAYWRIGHT = [sys.executable, "-m", "playwright", "install", "chromium"]
REMEDY = """No Chromium runs here, and none could be installed. Type one of these, then `make test` again:
  sudo apt-get install chromium fonts-wqy-microhei     (Debian)
  sudo .venv/bin/playwright install --with-deps chromium
  make test MEDLAB_CHROMIUM=/path/to/chrome"""


def runs(program: str) -> bool:
    """Say whether `program --version` works; a stub or one without its libraries does not."""
    try:
        return not subprocess.run([program, "--version"], capture_output=True, timeout=60).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False


def find_browser() -> str | None:
    """Return a Chromium that runs: ``MEDLAB_CHROMIUM``, the system's, then Playwright's; or None."""
    mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    for path in [os.environ.get("MEDLAB_CHROMIUM"), *map(shutil.which, BROWSERS), mac]:
        if path and runs(path):
            return path
    if importlib.util.find_spec("playwright") is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if runs(path) else None


def attempts() -> list[list[list[str]]]:
    """Return the ways to get a browser, best first, each a list of commands."""
    ways = [[PLAYWRIGHT]]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "-q", "-y"]
        # Apart, so that a distribution without the font still gets the browser.
        ways.append([["apt-get", "update", "-q"], [*install, "chromium"], [*install, "fonts-wqy-microhei"]])
    return ways


def main() -> None:
    """Find, else get, else refuse."""
    browser = find_browser()
    for commands in [] if browser else attempts():
        for command in commands:
            print(f"no browser yet: {' '.join(command)}", file=sys.stderr)
            # stdout is for the path alone
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
        browser = find_browser()
        if browser:
            break
    if browser is None:
        sys.exit(REMEDY)
    print(browser)


if __name__ == "__main__":
    main()
