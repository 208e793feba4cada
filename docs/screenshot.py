"""Take docs/images/portal.png: the page of the example's newest release, as a reader first sees it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

CHECKOUT = Path(__file__).resolve().parents[1]
SITE = CHECKOUT / "build" / "site"
PICTURE = CHECKOUT / "docs" / "images" / "portal.png"
PAGE = "prognosis-180/current/releases/2.0.0/index.html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    page_file = SITE / PAGE
    browser_path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if not page_file.is_file() or browser_path is None:
        print("run `make docs-screenshot`: it builds the portal and finds a browser", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1240})
        page.goto(page_file.as_uri())
        page.wait_for_load_state("networkidle")
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURE)
        browser.close()
    print(f"wrote {PICTURE.relative_to(CHECKOUT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
