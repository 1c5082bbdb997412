// Calls five operations with the generated client and prints what it got as JSON.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"time"

	chela "example.com/chela/client"
)

const worker = "chela~hello"

func must[T any](value T, _ any, err error) T {
	if answer, ok := err.(*chela.GenericOpenAPIError); ok {
		log.Fatal(err, string(answer.Body()))
	} else if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	configuration := chela.NewConfiguration()
	configuration.Servers = chela.ServerConfigurations{{URL: os.Getenv("CHELA_URL")}}
	configuration.AddDefaultHeader("Authorization", "Bearer "+os.Getenv("CHELA_API_KEY"))
	client := chela.NewAPIClient(configuration)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()

	last := must(client.WorkerRunsAPI.GetWorkerLastRun(ctx, worker).Execute())
	body := chela.NewRunWorkerBody()
	body.SetInput(map[string]any{"parameters": map[string]any{"custom": map[string]any{"names": []string{"Ada"}}}})
	started := must(client.WorkersAPI.RunWorker(ctx, worker).RunWorkerBody(*body).Execute())
	id := started.Data.StartedRun.RunSlug
	run := must(client.WorkerRunsAPI.GetWorkerRun(ctx, id).Execute())
	for run.Data.Status == "ready" || run.Data.Status == "running" {
		time.Sleep(100 * time.Millisecond)
		run = must(client.WorkerRunsAPI.GetWorkerRun(ctx, id).Execute())
	}
	results := must(client.WorkerRunsAPI.ListWorkerRunResults(ctx, id).Execute())
	rerun := must(client.WorkerRunsAPI.RerunWorkerRun(ctx, id).Execute())
	_, _, err := client.WorkerRunsAPI.GetWorkerRun(ctx, "absent").Execute()
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"last":   last.Data.ScraperTitle,
		"status": run.Data.Status,
		"rows":   results.Data.Count,
		"column": results.Data.Headers[0].Key,
		"rerun":  rerun.Data.StartedRun.RunSlug != id,
		"error":  err != nil,
	})
}
