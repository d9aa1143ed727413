package awsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxAnswer bounds the size of an answer. The largest pages of AWS have a few megabytes.
const maxAnswer = 64 << 20

// RefuseMalformed returns a configuration whose clients end a call in an error if a
// successful answer is not one of the operation: the SDK takes an empty body, a page of
// another server, and JSON null for an output without members, which reads as an empty
// list. The error is a *smithy.DeserializationError.
func RefuseMalformed(cfg aws.Config) aws.Config {
	cfg = cfg.Copy()
	cfg.APIOptions = append(slices.Clip(cfg.APIOptions), func(s *middleware.Stack) error {
		return s.Deserialize.Insert(answers{}, "OperationDeserializer", middleware.After)
	})
	return cfg
}

// answers is the step between the transport and the deserializer of an operation.
type answers struct{}

// ID names the step.
func (answers) ID() string { return "stance:RefuseMalformed" }

// HandleDeserialize reads the answer, and refuses it or passes it on.
func (answers) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, meta, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || response.StatusCode/100 != 2 {
		return out, meta, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	if err == nil {
		var header http.Header
		if request, ok := in.Request.(*smithyhttp.Request); ok {
			header = request.Header
		}
		err = checkAnswer(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx), header, response.Response, body)
	}
	if err != nil {
		return out, meta, &smithy.DeserializationError{Err: err}
	}
	return out, meta, nil
}

// Protocols, by how their answers look.
type protocol int

const (
	jsonAnswer protocol = iota
	cborAnswer
	queryAnswer
	ec2Answer
	xmlAnswer
)

// protocolOf returns the protocol of a request.
func protocolOf(service string, header http.Header) protocol {
	switch {
	case header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		return cborAnswer
	case service == "EC2":
		return ec2Answer
	case strings.HasPrefix(header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		return queryAnswer
	case slices.Contains(restXML, service):
		return xmlAnswer
	}
	return jsonAnswer
}

// checkAnswer returns why the answer to an operation is malformed. Header is that of the
// request.
func checkAnswer(service, operation string, header http.Header, response *http.Response, body []byte) error {
	key := service + ":" + operation
	if len(body) > maxAnswer {
		return fmt.Errorf("malformed answer: more than %d bytes", maxAnswer)
	}
	malformed := func(want string) error {
		return fmt.Errorf("malformed answer: status %d, %s, want %s", response.StatusCode, looks(response, body), want)
	}
	p := protocolOf(service, header)
	if slices.Contains(jsonBodies, key) {
		p = jsonAnswer
	}
	var has bool
	member := always[key]
	switch p {
	case jsonAnswer:
		if kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); kind == "text/html" || !isObject(body) {
			return malformed("a JSON object")
		}
		has = member == "" || hasMember(body, member)
	case cborAnswer:
		// A map, of a known size (major type 5) or not.
		if len(body) == 0 || body[0]>>5 != 5 {
			return malformed("a CBOR map")
		}
		has = true
	default:
		want := [][]string{{operation + "Response"}}
		switch p {
		case queryAnswer:
			want = append(want, []string{operation + "Result"})
		case xmlAnswer:
			want[0] = append(slices.Clip(roots[key]), want[0]...)
		}
		if !begins(body, want) {
			return malformed("the element " + want[0][0])
		}
		has = member == "" || hasElement(body, member)
	}
	if !has {
		return fmt.Errorf("malformed answer: no %s", member)
	}
	return nil
}

// looks describes an answer without repeating it.
func looks(response *http.Response, body []byte) string {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch body = bytes.TrimSpace(body); {
	case len(body) == 0:
		return "an empty body"
	case kind == "text/html":
		return "a web page"
	case bytes.Equal(body, []byte("null")):
		return "null"
	}
	return "another document"
}

// isObject reports whether a body begins as a JSON object. Whether it is one to its end
// is left to the deserializer.
func isObject(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && body[0] == '{'
}

// hasMember reports whether a JSON object has a member that is not null, whatever the
// case of its name. An object that is cut off is left to the deserializer.
func hasMember(body []byte, name string) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return true
	}
	for k, v := range members {
		if strings.EqualFold(k, name) && !bytes.Equal(v, []byte("null")) {
			return true
		}
	}
	return false
}

// hasElement reports whether an XML document has an element. A text cannot look like one.
func hasElement(body []byte, name string) bool {
	for rest := body; ; {
		_, after, found := bytes.Cut(rest, []byte("<"+name))
		if !found {
			return false
		}
		if len(after) > 0 && bytes.IndexByte([]byte("> /\t\r\n"), after[0]) >= 0 {
			return true
		}
		rest = after
	}
}

// begins reports whether the first elements of an XML document, each inside of the one
// before, have one of the names.
func begins(body []byte, names [][]string) bool {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for len(names) > 0 {
		switch token, err := d.Token(); e := token.(type) {
		case xml.StartElement:
			if !slices.Contains(names[0], e.Name.Local) {
				return false
			}
			names = names[1:]
		case xml.EndElement:
			return false
		default:
			if err != nil {
				return false
			}
		}
	}
	return true
}

// cutOff marks answers that end too early as retryable.
func cutOff(err error) aws.Ternary {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}
