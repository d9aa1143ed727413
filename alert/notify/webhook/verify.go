package webhook

import (
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Tolerance is how far the timestamp of a request may be from the time of its receiver.
const Tolerance = 5 * time.Minute

// ErrSignature is under the errors of Verify.
var ErrSignature = errors.New("webhook request is not authentic")

// Verify returns an error, under ErrSignature, unless a request was signed with one of the
// keys within Tolerance of now. body is the whole body of the request, as it was received.
func Verify(header http.Header, body []byte, keys [][]byte, now time.Time) error {
	timestamp := header.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: no timestamp", ErrSignature)
	}
	if age := now.Unix() - seconds; age > int64(Tolerance/time.Second) || age < -int64(Tolerance/time.Second) {
		return fmt.Errorf("%w: timestamp is not within %v", ErrSignature, Tolerance)
	}
	given := strings.Split(header.Get(HeaderSignature), ",")
	for _, one := range given[:min(len(given), 8)] {
		digits, ok := strings.CutPrefix(strings.TrimSpace(one), "v1=")
		signature, err := hex.DecodeString(digits)
		if !ok || err != nil {
			continue
		}
		for _, key := range keys {
			if len(key) >= MinKey && hmac.Equal(signature, sign(key, timestamp, body)) {
				return nil
			}
		}
	}
	return fmt.Errorf("%w: no signature of a known key", ErrSignature)
}
