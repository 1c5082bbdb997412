// Greets everyone on a list.
package main

import (
	"os"
	"unicode/utf8"

	"chela/sdk"
)

type row struct {
	Name     string `json:"name"`
	Greeting string `json:"greeting"`
	Letters  int    `json:"letters"`
}

func main() {
	if err := greet(); err != nil {
		sdk.Failure("%v", err)
		os.Exit(1) // A nonzero exit code fails the subtask.
	}
}

func greet() error {
	var input struct {
		Names []string `json:"names"`
	}
	if err := sdk.GetInput(&input); err != nil {
		return err
	}
	err := sdk.SetTableHeader(
		sdk.Header{Key: "name", Label: "Name"},
		sdk.Header{Key: "greeting", Label: "Greeting"},
		sdk.Header{Key: "letters", Label: "Letters", Format: "integer"},
	)
	if err != nil {
		return err
	}
	count, err := sdk.PushRows(func(yield func(any) bool) {
		for _, name := range input.Names {
			if !yield(row{Name: name, Greeting: "Hello, " + name + "!", Letters: utf8.RuneCountInString(name)}) {
				return
			}
		}
	}, "name")
	if err != nil {
		return err
	}
	sdk.Info("greeted %d names", count)
	return nil
}
