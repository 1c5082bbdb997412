"""Uses the browser as DrissionPage documents it, and prints what it saw as JSON."""
import json
import os
import sys

from DrissionPage import Chromium, ChromiumOptions

site = sys.argv[1]
options = ChromiumOptions()
options.set_address(f"ws://{os.environ['ChromeWs']}/ws?apiKey={os.environ['PROXY_AUTH']}")
browser = Chromium(options)
seen = {"version": browser.version}

tab = browser.latest_tab
tab.get(f"{site}/one")
seen["title"] = tab.title
seen["heading"] = tab.ele("tag:h1").text

tab.listen.start("/bytes/")
tab.run_js("fetch('/bytes/3')")
seen["heard"] = tab.listen.wait().url
tab.listen.stop()

second = browser.new_tab(f"{site}/two")
seen["titles"] = sorted(each.title for each in browser.get_tabs() if each.title.startswith("Page"))
second.ele("tag:input").input("typed")
seen["typed"] = second.ele("tag:input").property("value")
seen["solved"] = second.run_cdp("Captchas.automaticSolver", timeout=1)["status"]
seen["picture"] = second.get_screenshot(as_bytes="png")[1:4].decode()
second.close()
seen["left"] = [each.title for each in browser.get_tabs() if each.title.startswith("Page")]

browser.quit()
again = Chromium(options)
seen["again"] = [each.title for each in again.get_tabs() if each.title.startswith("Page")]
again.quit()
print(json.dumps(seen))
