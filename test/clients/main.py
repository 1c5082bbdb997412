"""Calls five operations with the generated client and prints what it got as JSON."""
import json
import os
import time

import chela_client as chela

WORKER = "chela~hello"
INPUT = {"parameters": {"custom": {"names": ["Ada"]}}}
configuration = chela.Configuration(host=os.environ["CHELA_URL"], access_token=os.environ["CHELA_API_KEY"])
client = chela.ApiClient(configuration)
runs = chela.WorkerRunsApi(client)

last = runs.get_worker_last_run(WORKER)
started = chela.WorkersApi(client).run_worker(WORKER, run_worker_body=chela.RunWorkerBody(input=INPUT))
run_id = started.data.actual_instance.run_slug
run = runs.get_worker_run(run_id)
while run.data.status in ("ready", "running"):
    time.sleep(0.1)
    run = runs.get_worker_run(run_id)
results = runs.list_worker_run_results(run_id)
rerun = runs.rerun_worker_run(run_id)
try:
    runs.get_worker_run("absent")
    failed = False
except chela.ApiException:
    failed = True
print(json.dumps({
    "last": last.data.scraper_title,
    "status": run.data.status,
    "rows": results.data.count,
    "column": results.data.headers[0].key,
    "rerun": rerun.data.actual_instance.run_slug != run_id,
    "error": failed,
}))
