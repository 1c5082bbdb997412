"""Opens pages in a browser of the platform."""

import os

from playwright.sync_api import Error, sync_playwright

import sdk


def text_of(item):
    """A list field gives strings, or objects like {"string": "https://example.com/"}."""
    return item["string"] if isinstance(item, dict) else item


with sync_playwright() as playwright:
    # The platform provides the browser.
    browser = playwright.chromium.connect_over_cdp(os.environ["CDP_ENDPOINT"])
    page = browser.new_page()
    for url in [text_of(item) for item in sdk.get_input().get("urls", [])]:
        try:
            page.goto(url, wait_until="domcontentloaded", timeout=60_000)
            links = page.locator("a[href]").count()
            sdk.push_data({"url": url, "title": page.title(), "links": links})
        except Error as error:
            sdk.log.warn("%s could not be opened: %s", url, error)
    browser.close()
