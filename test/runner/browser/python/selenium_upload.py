"""Chooses a file with Selenium's default file detector, and prints what the page sees of it as JSON."""
import json
import os
import tempfile

from selenium import webdriver
from selenium.webdriver.common.by import By

server = f"http://{os.environ['PROXY_AUTH']}@{os.environ['ChromeHttp']}"
driver = webdriver.Remote(command_executor=server, options=webdriver.ChromeOptions())
driver.get("data:text/html,<input type=file id=f>")
with tempfile.TemporaryDirectory() as folder:
    file = os.path.join(folder, "Bericht ä.txt")
    with open(file, "w") as opened:
        opened.write("hello")
    driver.find_element(By.ID, "f").send_keys(file)
read = "return Promise.all(Array.from(f.files, async (file) => ({ name: file.name, text: await file.text() })))"
print(json.dumps(driver.execute_script(read)))
driver.quit()
