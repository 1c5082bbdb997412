"""Greets everyone on a list."""

import sdk

options = sdk.get_input()
# A list editor gives strings, or objects like {"string": "Ada"}.
items = [item["string"] if isinstance(item, dict) else item for item in options.get("names", [])]
names = [name for name in items if name.strip()]

sdk.set_table_header(
    [
        {"key": "name", "label": "Name"},
        {"key": "greeting", "label": "Greeting"},
        {"key": "letters", "label": "Letters", "format": "integer"},
    ]
)
count = sdk.push_rows(
    ({"name": name, "greeting": f"Hello, {name}!", "letters": len(name)} for name in names),
    upsert_key="name",
)
sdk.log.info("greeted %d names", count)
