package whatsapp

import (
	"cmp"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"arauto"
)

// Media opens the file with that id, which a person sent to s: its bytes, and the type that Meta says it is. The
// caller closes it, and reads no more of it than it can use. The error is not found, or invalid, when asking again
// will not help.
//
// Vendor: MD/business-phone-numbers/media.
func (c *Client) Media(ctx context.Context, s arauto.Sender, id string) (body io.ReadCloser, saidType string, err error) {
	var object struct {
		URL  string `json:"url"`
		Type string `json:"mime_type"`
	}
	if err := c.get(ctx, s, id, "", url.Values{"phone_number_id": {s.PhoneNumberID}}, maxAnswer, &object); err != nil {
		return nil, "", err
	}
	address, err := mediaAddress(s, object.URL)
	if err != nil {
		return nil, "", err
	}
	token, err := tokenOf(s)
	if err != nil {
		return nil, "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, "", unreachable(s, "the file's address is none")
	}
	authorize(req, token)
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, "", unreachable(s, conceal(err.Error(), token))
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone {
			return nil, "", arauto.Errorf(arauto.KindNotFound, "", "Meta has the file %s no more", id)
		}
		return nil, "", unreachable(s, "it answered "+resp.Status+" for the file")
	}
	return resp.Body, cmp.Or(object.Type, resp.Header.Get("Content-Type")), nil
}

// mediaHosts are where Meta keeps files. The token goes nowhere else.
func mediaHosts() []string {
	return []string{"fbsbx.com", "fbcdn.net", "facebook.com", "whatsapp.net", "whatsapp.com"}
}

// mediaAddress checks where Meta says that a file is: on its own machines, or where s's Graph is itself, a sandbox.
func mediaAddress(s arauto.Sender, address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return "", unreachable(s, "the file's address is none")
	}
	graph, err := url.Parse(cmp.Or(s.GraphURL, arauto.DefaultGraphURL))
	if err == nil && u.Scheme == graph.Scheme && u.Host == graph.Host {
		return address, nil
	}
	if u.Scheme == "https" && (u.Port() == "" || u.Port() == "443") {
		for _, host := range mediaHosts() {
			if strings.HasSuffix("."+strings.ToLower(u.Hostname()), "."+host) {
				return address, nil
			}
		}
	}
	return "", arauto.Errorf(arauto.KindInvalid, "", "the file is said to be at %s, which is not Meta's: it is not fetched from there", u.Hostname())
}

// Upload gives Meta a file to send from s and returns its id there. Uploading again does no harm. The error is an
// *arauto.Error for people; a conflict may pass.
//
// Vendor: MD/business-phone-numbers/media.
func (c *Client) Upload(ctx context.Context, s arauto.Sender, fileType, name string, body io.Reader) (string, error) {
	token, err := tokenOf(s)
	if err != nil {
		return "", err
	}
	address, err := addressOf(s, s.PhoneNumberID, "/media")
	if err != nil {
		return "", err
	}
	reader, writer := io.Pipe()
	form := multipart.NewWriter(writer)
	go func() { writer.CloseWithError(writeForm(form, fileType, name, body)) }()
	defer func() { _ = reader.Close() }() // ends the writing when nobody reads on
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, reader)
	if err != nil {
		return "", unreachable(s, "its address is none")
	}
	authorize(req, token)
	req.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return "", unreachable(s, conceal(err.Error(), token))
	}
	answer, err := readAnswer(resp, maxAnswer)
	if err != nil {
		return "", unreachable(s, "the answer broke off: "+err.Error())
	}
	var uploaded struct {
		ID string `json:"id"`
	}
	if err := readGraph(s, s.PhoneNumberID, resp.StatusCode, answer, token, &uploaded); err != nil {
		return "", err
	}
	if uploaded.ID == "" {
		return "", unreachable(s, "the answer names no file")
	}
	return uploaded.ID, nil
}

func writeForm(form *multipart.Writer, fileType, name string, body io.Reader) error {
	if err := form.WriteField("messaging_product", "whatsapp"); err != nil {
		return err
	}
	if err := form.WriteField("type", fileType); err != nil {
		return err
	}
	quoted := strings.NewReplacer("\\", "_", `"`, "_", "\r", "_", "\n", "_").Replace(cmp.Or(name, "file"))
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="` + quoted + `"`}, "Content-Type": {fileType},
	})
	if err != nil {
		return err
	}
	if _, err := io.Copy(part, body); err != nil {
		return err
	}
	return form.Close()
}
