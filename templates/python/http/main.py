"""Reads pages through the run's proxy."""

import os
import re

import requests

import sdk

proxy = f"http://{os.environ['PROXY_AUTH']}@{os.environ['PROXY_DOMAIN']}"
session = requests.Session()
session.proxies = {"http": proxy, "https": proxy}


def text_of(item):
    """A list field gives strings, or objects like {"string": "https://example.com/"}."""
    return item["string"] if isinstance(item, dict) else item


def title_of(html):
    found = re.search(r"<title[^>]*>([^<]*)", html, re.IGNORECASE)
    return found[1].strip() if found else ""


for url in [text_of(item) for item in sdk.get_input().get("urls", [])]:
    try:
        response = session.get(url, timeout=30)
    except requests.RequestException as error:
        sdk.log.warn("%s could not be read: %s", url, error)
        continue
    sdk.push_data({"url": url, "status": response.status_code, "title": title_of(response.text)})
