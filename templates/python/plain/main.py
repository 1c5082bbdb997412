"""Stores a greeting for each name."""

import sdk


def text_of(item):
    """A list field gives strings, or objects like {"string": "Ada"}."""
    return item["string"] if isinstance(item, dict) else item


names = [text_of(item) for item in sdk.get_input().get("names", [])]
for name in names:
    sdk.push_data({"name": name, "greeting": f"Hello, {name}!"})
sdk.log.info("greeted %d names", len(names))
