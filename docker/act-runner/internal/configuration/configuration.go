// Package configuration reads and writes the files of a configured runner, in the forms of GitHub's runner.
package configuration

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
)

// Names of the files. SettingsFile is written last and removed first: with it, a runner counts as configured.
const (
	SettingsFile    = ".runner"
	CredentialsFile = ".credentials"
	KeyFile         = ".credentials_rsaparams"
)

var modes = []struct {
	name string
	mode fs.FileMode
}{{KeyFile, 0o600}, {CredentialsFile, 0o600}, {SettingsFile, 0o644}}

// Settings are the file .runner.
type Settings struct {
	AgentID            Number `json:"agentId"`
	AgentName          string `json:"agentName"`
	PoolID             Number `json:"poolId"`
	PoolName           string `json:"poolName,omitempty"`
	DisableUpdate      Bool   `json:"disableUpdate,omitempty"`
	Ephemeral          Bool   `json:"ephemeral,omitempty"`
	ServerURL          string `json:"serverUrl"`
	GitHubURL          string `json:"gitHubUrl,omitempty"`
	WorkFolder         string `json:"workFolder"`
	UseV2Flow          Bool   `json:"useV2Flow,omitempty"`
	UseRunnerAdminFlow Bool   `json:"useRunnerAdminFlow,omitempty"`
	ServerURLV2        string `json:"serverUrlV2,omitempty"`
}

// Credentials are the file .credentials.
type Credentials struct {
	Scheme string          `json:"scheme"`
	Data   CredentialsData `json:"data"`
}

// CredentialsData is what stands for the runner where it asks for access tokens.
type CredentialsData struct {
	ClientID         string `json:"clientId"`
	AuthorizationURL string `json:"authorizationUrl"`
	// RequireFips asks for another way of signing: PS256 in place of RS256.
	RequireFips Bool `json:"requireFipsCryptography"`
}

// Number is a number, which GitHub's just-in-time configurations write as text.
type Number int64

// UnmarshalJSON accepts 7 and "7".
func (n *Number) UnmarshalJSON(data []byte) error {
	var number int64
	if err := json.Unmarshal(bytes.Trim(data, `"`), &number); err != nil {
		return err
	}
	*n = Number(number)
	return nil
}

// Bool is a truth value, which GitHub's just-in-time configurations write as text.
type Bool bool

// UnmarshalJSON accepts true, "True" and "true".
func (b *Bool) UnmarshalJSON(data []byte) error {
	var value bool
	if err := json.Unmarshal(bytes.ToLower(bytes.Trim(data, `"`)), &value); err != nil {
		return err
	}
	*b = Bool(value)
	return nil
}

// Store is a runner's folder.
type Store struct{ Root string }

// Settings reads .runner. Without the file, the error is fs.ErrNotExist.
func (s Store) Settings() (Settings, error) {
	var settings Settings
	err := s.read(SettingsFile, &settings)
	if errors.Is(err, fs.ErrNotExist) {
		return settings, err
	}
	if err != nil || settings.AgentName == "" || settings.ServerURL == "" && settings.ServerURLV2 == "" {
		return settings, fmt.Errorf("the configuration %s is damaged. Remove it with ./config.sh remove --local, and configure again",
			filepath.Join(s.Root, SettingsFile))
	}
	if settings.WorkFolder == "" {
		settings.WorkFolder = "_work"
	}
	return settings, nil
}

// IsConfigured tells whether there is a configuration.
func (s Store) IsConfigured() bool {
	_, err := os.Lstat(filepath.Join(s.Root, SettingsFile))
	return err == nil
}

// Credentials reads what the runner is known by to the server.
func (s Store) Credentials() (Credentials, *rsa.PrivateKey, error) {
	var credentials Credentials
	var numbers rsaParameters
	err := errors.Join(s.read(CredentialsFile, &credentials), s.read(KeyFile, &numbers))
	if err == nil {
		key := numbers.key()
		if err = key.Validate(); err == nil && credentials.Data.ClientID != "" {
			key.Precompute()
			return credentials, key, nil
		}
	}
	return credentials, nil, errors.New("the runner's credentials are missing or damaged. Remove the configuration, and configure again")
}

func (s Store) read(name string, into any) error {
	text, err := os.ReadFile(filepath.Join(s.Root, name))
	if err != nil {
		return err
	}
	return json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), into)
}

// Write writes a whole configuration, or nothing.
func (s Store) Write(settings Settings, credentials Credentials, key *rsa.PrivateKey) error {
	texts := map[string][]byte{}
	for name, content := range map[string]any{SettingsFile: settings, CredentialsFile: credentials, KeyFile: parametersOf(key)} {
		text, err := json.MarshalIndent(content, "", "  ")
		if err != nil {
			return err
		}
		texts[name] = append(text, '\n')
	}
	return s.writeTexts(texts)
}

func (s Store) writeTexts(texts map[string][]byte) error {
	var written []string
	for _, file := range modes {
		text, there := texts[file.name]
		if !there {
			continue
		}
		path := filepath.Join(s.Root, file.name)
		if err := create(path, text, file.mode); err != nil {
			for _, done := range written {
				_ = os.Remove(done)
			}
			return fmt.Errorf("%s cannot be written: %w", path, reason(err))
		}
		written = append(written, path)
	}
	return nil
}

// create never writes into a file that is there: it might be open to more readers than this one may have.
func create(path string, text []byte, mode fs.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err = file.Write(text); err == nil {
		err = file.Close()
	}
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}

// Remove removes every file of a configuration.
//
// It returns whether there was any.
func (s Store) Remove() (bool, error) {
	found := false
	for index := len(modes) - 1; index >= 0; index-- {
		path := filepath.Join(s.Root, modes[index].name)
		err := os.Remove(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return found, fmt.Errorf("%s cannot be removed: %w", path, reason(err))
		}
		found = found || err == nil
	}
	return found, nil
}

// WriteJustInTime writes the configuration that a server made for a single run: base64 of a JSON object, the names of configuration
// files to their contents in base64.
func (s Store) WriteJustInTime(encoded string) error {
	files := map[string][]byte{}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err == nil {
		err = json.Unmarshal(decoded, &files)
	}
	if err != nil || files[SettingsFile] == nil {
		return errors.New("--jitconfig is not what a server issues for it: base64 of a JSON object with the runner's files")
	}
	for name := range files {
		if name != SettingsFile && name != CredentialsFile && name != KeyFile {
			return fmt.Errorf("--jitconfig contains %q, which is not a configuration file", name)
		}
	}
	if s.IsConfigured() {
		return errors.New("--jitconfig is for a runner without a configuration, and this one has one: ./config.sh remove")
	}
	if err := s.writeTexts(files); err != nil {
		return err
	}
	if _, err := s.Settings(); err != nil {
		_, _ = s.Remove()
		return errors.New("--jitconfig contains no valid .runner")
	}
	return nil
}

// reason is an error without the path, which the message has already.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// rsaParameters are a private key by the names that the runner's own file has.
type rsaParameters struct {
	D        []byte `json:"d"`
	DP       []byte `json:"dp"`
	DQ       []byte `json:"dq"`
	Exponent []byte `json:"exponent"`
	InverseQ []byte `json:"inverseQ"`
	Modulus  []byte `json:"modulus"`
	P        []byte `json:"p"`
	Q        []byte `json:"q"`
}

func parametersOf(key *rsa.PrivateKey) rsaParameters {
	key.Precompute()
	return rsaParameters{
		D:        key.D.Bytes(),
		DP:       key.Precomputed.Dp.Bytes(),
		DQ:       key.Precomputed.Dq.Bytes(),
		Exponent: big.NewInt(int64(key.E)).Bytes(),
		InverseQ: key.Precomputed.Qinv.Bytes(),
		Modulus:  key.N.Bytes(),
		P:        key.Primes[0].Bytes(),
		Q:        key.Primes[1].Bytes(),
	}
}

func (p rsaParameters) key() *rsa.PrivateKey {
	number := func(bytes []byte) *big.Int { return new(big.Int).SetBytes(bytes) }
	return &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: number(p.Modulus), E: int(number(p.Exponent).Int64())},
		D:         number(p.D),
		Primes:    []*big.Int{number(p.P), number(p.Q)},
	}
}
