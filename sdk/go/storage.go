package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// StorageError is a request about files or stores that the platform refused. Code is such as NOT_FOUND, STORAGE_LIMITED
// or PRECONDITION_FAILED.
type StorageError struct {
	Code    string `json:"error"`
	Message string `json:"message"`
}

func (e *StorageError) Error() string { return e.Message }

// HasCode says whether an error is a StorageError with this code.
func HasCode(err error, code string) bool {
	var refused *StorageError
	return errors.As(err, &refused) && refused.Code == code
}

// File is a file of the run. Put its Reference into a row to refer to it.
type File struct {
	Name        string `json:"name"`
	SizeBytes   int64  `json:"size_bytes"`
	ContentType string `json:"content_type"`
	SHA256      string `json:"sha256"`
	Subtask     int    `json:"subtask"`
	Reference   string `json:"reference"`
}

// The address is local; a proxy in the environment is meant for the worker's targets.
var storageClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}

func storageURL(variable string, parts ...string) (string, error) {
	base := os.Getenv(variable)
	if base == "" {
		return "", fmt.Errorf("%s is not set: it exists only inside the platform", variable)
	}
	for _, part := range parts {
		base += "/" + url.PathEscape(part)
	}
	return base, nil
}

func sendStorage(method, address string, body io.Reader, headers map[string]string) (*http.Response, error) {
	request, err := http.NewRequest(method, address, body)
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := storageClient.Do(request)
	if err != nil || response.StatusCode < 300 {
		return response, err
	}
	defer response.Body.Close()
	refused := &StorageError{}
	if err := json.NewDecoder(response.Body).Decode(refused); err != nil {
		return nil, fmt.Errorf("the platform answered %s", response.Status)
	}
	return nil, refused
}

func decodeStorage(response *http.Response, into any) error {
	defer response.Body.Close()
	return json.NewDecoder(response.Body).Decode(into)
}

// PutFile keeps a file with the run, and replaces an earlier one of that name. A slash in the name separates folders. The
// content type follows from the ending of the name if it is empty. PutFile returns when the file is stored.
func PutFile(name string, content io.Reader, contentType string) (File, error) {
	var file File
	address, err := storageURL("CHELA_FILES_URL", name)
	if err != nil {
		return file, err
	}
	headers := map[string]string{}
	if contentType != "" {
		headers["Content-Type"] = contentType
	}
	response, err := sendStorage("PUT", address, content, headers)
	if err != nil {
		return file, err
	}
	err = decodeStorage(response, &file)
	return file, err
}

// OpenFile reads a file of the run. The caller closes it.
func OpenFile(name string) (io.ReadCloser, error) {
	address, err := storageURL("CHELA_FILES_URL", name)
	if err != nil {
		return nil, err
	}
	response, err := sendStorage("GET", address, nil, nil)
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

// DeleteFile deletes a file of the run.
func DeleteFile(name string) error {
	address, err := storageURL("CHELA_FILES_URL", name)
	if err != nil {
		return err
	}
	response, err := sendStorage("DELETE", address, nil, nil)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// Store is a store of the account. It is created with its first value.
type Store struct{ Name string }

// Get decodes a value and returns its version, which is 0 if there is no value.
func (s Store) Get(key string, into any) (int64, error) {
	address, err := storageURL("CHELA_STORES_URL", s.Name, key)
	if err != nil {
		return 0, err
	}
	response, err := sendStorage("GET", address, nil, nil)
	if HasCode(err, "NOT_FOUND") {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	version, err := strconv.ParseInt(strings.Trim(response.Header.Get("ETag"), `"`), 10, 64)
	if err != nil {
		response.Body.Close()
		return 0, err
	}
	return version, decodeStorage(response, into)
}

// Set sets a value, anything that encodes to JSON, and returns its version.
func (s Store) Set(key string, value any) (int64, error) { return s.set(key, value, nil) }

// SetIf sets a value only if it still has the version that Get returned, 0 for a value that does not exist. Otherwise the
// error has the code PRECONDITION_FAILED: get the value again.
func (s Store) SetIf(key string, value any, version int64) (int64, error) {
	if version == 0 {
		return s.set(key, value, map[string]string{"If-None-Match": "*"})
	}
	return s.set(key, value, map[string]string{"If-Match": fmt.Sprintf("%q", strconv.FormatInt(version, 10))})
}

func (s Store) set(key string, value any, headers map[string]string) (int64, error) {
	address, err := storageURL("CHELA_STORES_URL", s.Name, key)
	if err != nil {
		return 0, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return 0, err
	}
	response, err := sendStorage("PUT", address, bytes.NewReader(text), headers)
	if err != nil {
		return 0, err
	}
	var put struct {
		Version int64 `json:"version"`
	}
	err = decodeStorage(response, &put)
	return put.Version, err
}

// Delete deletes a value.
func (s Store) Delete(key string) error {
	address, err := storageURL("CHELA_STORES_URL", s.Name, key)
	if err != nil {
		return err
	}
	response, err := sendStorage("DELETE", address, nil, nil)
	if err != nil {
		return err
	}
	return response.Body.Close()
}
