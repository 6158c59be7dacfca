// Receives the gateway's events. Go 1.19 or newer, standard library alone. README.md says how to run it.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	maxBytes   = 1 << 20
	toleranceS = 5 * 60
)

// An id becomes a file's name, so its form is checked.
var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

type receiver struct {
	keys   [][]byte
	folder string
}

func main() {
	keys, err := readKeys(os.Getenv("EVENTS_SECRET"))
	if err != nil {
		log.Fatal(err)
	}
	folder := variable("EVENTS_FOLDER", "events")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+variable("PORT", "8090"))
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on http://%s", listener.Addr())
	server := http.Server{Handler: receiver{keys, folder}, ReadTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}

func (r receiver) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(response, request.Body, maxBytes))
	if err != nil {
		log.Print("refused: the body is longer than 1 MiB, or was cut off")
		response.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if problem := r.findProblem(request.Header, body); problem != "" {
		log.Print("refused: ", problem)
		response.WriteHeader(http.StatusUnauthorized)
		return
	}
	id := request.Header.Get("webhook-id")
	isNew, err := r.store(id, body)
	if err != nil {
		log.Print(err)
		response.WriteHeader(http.StatusInternalServerError) // the gateway tries again
		return
	}
	var event struct{ Type string }
	if err := json.Unmarshal(body, &event); err != nil {
		log.Print(err)
	}
	log.Print(id, " ", event.Type, " ", map[bool]string{true: "stored", false: "seen"}[isNew])
	response.WriteHeader(http.StatusNoContent)
}

// findProblem says why the request is refused, "" if it is accepted. It takes the bytes of the body as they came, before any parsing.
func (r receiver) findProblem(header http.Header, body []byte) string {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	if !idForm.MatchString(id) {
		return "webhook-id is missing or malformed"
	}
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return "webhook-timestamp is missing or malformed"
	}
	if age := time.Now().Unix() - at; age > toleranceS || age < -toleranceS {
		return "webhook-timestamp is more than 5 minutes off"
	}
	for _, key := range r.keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		expected := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		for _, signature := range strings.Split(header.Get("webhook-signature"), " ") {
			if hmac.Equal(expected, []byte(signature)) {
				return ""
			}
		}
	}
	return "no signature fits the body and EVENTS_SECRET"
}

// store returns false if the event is stored already. The name appears once the file is complete, so that a crash
// leaves no half event.
func (r receiver) store(id string, body []byte) (bool, error) {
	draft, err := os.CreateTemp(r.folder, "new-")
	if err != nil {
		return false, err
	}
	defer os.Remove(draft.Name())
	defer draft.Close()
	if _, err := draft.Write(body); err != nil {
		return false, err
	}
	if err := draft.Sync(); err != nil {
		return false, err
	}
	err = os.Link(draft.Name(), filepath.Join(r.folder, id+".json"))
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

// readKeys takes one secret, or two while it rotates, separated by a comma.
func readKeys(secrets string) ([][]byte, error) {
	var keys [][]byte
	for _, secret := range strings.Split(secrets, ",") {
		secret = strings.TrimSpace(secret)
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) < 24 || !strings.HasPrefix(secret, "whsec_") {
			return nil, errors.New("EVENTS_SECRET: expected whsec_ and base64, as the gateway has it")
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func variable(name, without string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return without
}
