"""A real Chromium without a network, and a watch over what a page tries."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import Page, Request

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Watch:
    """What a page did that it should not have."""

    complaints: list[str] = field(default_factory=list)

    def over(self, page: Page) -> None:
        page.on("console", lambda message: self.said(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("requestfailed", self.failed)
        page.on("request", self.request)

    def said(self, kind: str, text: str) -> None:
        # The theme warns of a query such as `VAL-` that is still being typed, and of what its index then
        # said; what the finished query finds is tested.
        unfinished = kind == "warning" and (text.startswith("Invalid query: ") or "t.Index.query" in text)
        if kind in ("error", "warning") and not unfinished:
            self.complaints.append(text)

    def failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left before its icon came
            self.complaints.append(f"failed: {request.url} {request.failure}")

    def request(self, request: Request) -> None:
        if not request.url.startswith(("file:", "data:", "about:")):
            self.complaints.append(f"outside: {request.url}")


def search(page: Page, words: str) -> list[str]:
    """Type into the search box and return the addresses of what is found."""
    page.keyboard.press("/")
    page.locator(".md-search__input").press_sequentially(words)
    page.wait_for_selector(".md-search-result__link", timeout=10_000)
    return [str(link.get_attribute("href")) for link in page.locator(".md-search-result__link").all()]
