// Package sdk connects a worker to the platform: it reads the input, pushes rows and writes log lines. README.md in
// this folder explains it with examples. All functions are safe for concurrent use.
package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"os"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

const address = "127.0.0.1:20086"

// More concurrent calls are not faster and use more memory.
const maxCallsInFlight = 64

// Error is a call that the platform refused.
type Error struct {
	Call    string
	Code    int32
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%s was refused: %s", e.Call, e.Message) }

// Header is a column of the result table. Label defaults to the key. Format is text (the default), number, integer,
// boolean, array or object.
type Header struct {
	Key    string
	Label  string
	Format string
}

var connect = sync.OnceValues(func() (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		// The endpoint is local; a proxy in the environment is meant for the worker's targets.
		grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)))
})

func failed(call string, err error) error {
	if status.Code(err) == codes.Unavailable {
		return fmt.Errorf("no answer from %s, which exists only inside the platform: %w", address, err)
	}
	return fmt.Errorf("%s failed: %w", call, err)
}

func checked(call string, response *Response, err error) error {
	if err != nil {
		return failed(call, err)
	}
	if response.Code != 0 {
		return &Error{Call: call, Code: response.Code, Message: response.Message}
	}
	return nil
}

// GetInput decodes the input of this subtask into a struct or map: a JSON object with the names in input_schema.json.
func GetInput(into any) error {
	connection, err := connect()
	if err != nil {
		return err
	}
	response, err := NewParameterClient(connection).GetInputJSONString(context.Background(), &emptypb.Empty{})
	if err != nil {
		return failed("GetInput", err)
	}
	if response.Code != 0 {
		return &Error{Call: "GetInput", Code: response.Code}
	}
	return json.Unmarshal([]byte(response.JsonString), into)
}

// SetTableHeader declares the columns of the result table and their order. Other columns of rows are stored too.
func SetTableHeader(headers ...Header) error {
	connection, err := connect()
	if err != nil {
		return err
	}
	table := &TableHeader{}
	for _, header := range headers {
		item := &TableHeaderItem{Key: header.Key, Label: header.Label, Format: header.Format}
		if item.Label == "" {
			item.Label = header.Key
		}
		if item.Format == "" {
			item.Format = "text"
		}
		table.Headers = append(table.Headers, item)
	}
	response, err := NewResultClient(connection).SetTableHeader(context.Background(), table)
	return checked("SetTableHeader", response, err)
}

// PushData stores one row, a struct or map that encodes to a JSON object. It returns when the row is stored.
func PushData(row any) error { return push(row, "") }

// UpsertData updates the row of this run that has the same value in the column upsertKey, or adds a new row if there is
// none. Only the columns of row change.
func UpsertData(row any, upsertKey string) error { return push(row, upsertKey) }

// PushRows stores many rows, with many calls in flight; it takes the next row only when there is room for it. It
// returns the number of rows it took, once all are stored. It stops at the first refused row. If upsertKey is not
// empty, rows are upserted by that column.
func PushRows(rows iter.Seq[any], upsertKey string) (int, error) {
	var (
		wait  sync.WaitGroup
		once  sync.Once
		first error
		count int
	)
	room := make(chan struct{}, maxCallsInFlight)
	refused := make(chan struct{})
	for row := range rows {
		select {
		case <-refused:
			wait.Wait()
			return count, first
		case room <- struct{}{}:
		}
		count++
		text, err := rowToJSON(row, upsertKey)
		wait.Add(1)
		go func() {
			defer func() { <-room; wait.Done() }()
			if err == nil {
				err = pushText(text)
			}
			if err != nil {
				once.Do(func() { first = err; close(refused) })
			}
		}()
	}
	wait.Wait()
	return count, first
}

func push(row any, upsertKey string) error {
	text, err := rowToJSON(row, upsertKey)
	if err != nil {
		return err
	}
	return pushText(text)
}

func pushText(text string) error {
	connection, err := connect()
	if err != nil {
		return err
	}
	response, err := NewResultClient(connection).PushData(context.Background(), &Data{JsonString: text})
	return checked("PushData", response, err)
}

func rowToJSON(row any, upsertKey string) (string, error) {
	text, err := json.Marshal(row)
	if err != nil {
		return "", err
	}
	if len(text) == 0 || text[0] != '{' {
		return "", fmt.Errorf("a row must be an object of columns, got %T", row)
	}
	if upsertKey == "" {
		return string(text), nil
	}
	var columns map[string]json.RawMessage
	if err := json.Unmarshal(text, &columns); err != nil {
		return "", err
	}
	value, found := columns[upsertKey]
	if !found || string(value) == "null" {
		return "", fmt.Errorf("the row has no value in its upsert column %q", upsertKey)
	}
	var plain string
	if json.Unmarshal(value, &plain) != nil {
		plain = string(value)
	}
	marks, err := json.Marshal(map[string]string{
		"__coreclaw_upsert_key__":   upsertKey,
		"__coreclaw_upsert_value__": plain,
	})
	if err != nil {
		return "", err
	}
	// The row has at least one column, so a comma precedes the marks.
	return string(text[:len(text)-1]) + "," + string(marks[1:]), nil
}

// Debug writes a log line at level debug, formatted with fmt.Sprintf. If it cannot be stored it goes to stderr, which
// the platform captures as well.
func Debug(text string, values ...any) { writeLog(LogClient.Debug, text, values) }

// Info writes a log line at level info.
func Info(text string, values ...any) { writeLog(LogClient.Info, text, values) }

// Warn writes a log line at level warn.
func Warn(text string, values ...any) { writeLog(LogClient.Warn, text, values) }

// Failure writes a log line at level error.
func Failure(text string, values ...any) { writeLog(LogClient.Error, text, values) }

type logCall func(LogClient, context.Context, *LogLine, ...grpc.CallOption) (*Response, error)

func writeLog(call logCall, text string, values []any) {
	line := text
	if len(values) > 0 {
		line = fmt.Sprintf(text, values...)
	}
	connection, err := connect()
	if err == nil {
		var response *Response
		response, err = call(NewLogClient(connection), context.Background(), &LogLine{Log: line})
		err = checked("a log line", response, err)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s\n(written to stderr: %v)\n", line, err)
	}
}
