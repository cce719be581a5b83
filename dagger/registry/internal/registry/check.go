package registry

import "context"

// Checked is a repository that can be pushed to.
type Checked struct {
	Repository string `json:"repository"`
	// What tags point to, nil for those that do not exist.
	Tags map[string]*Tagged `json:"tags"`
}

// Tagged is what a tag points to.
type Tagged struct {
	Digest    string   `json:"digest"`
	MediaType string   `json:"mediaType"`
	Platforms []string `json:"platforms"`
}

// Check finds out whether repositories can be pushed to, without leaving anything there.
func (r *Registry) Check(ctx context.Context, repositories []Checked) error {
	for place := range repositories {
		checked := &repositories[place]
		if err := r.Pushable(ctx, checked.Repository); err != nil {
			return err
		}
		for tag := range checked.Tags {
			found, err := r.present(ctx, checked.Repository, ":"+tag)
			if err != nil {
				return err
			}
			if found != nil {
				checked.Tags[tag] = &Tagged{found.Digest, found.MediaType, found.platforms()}
			}
		}
	}
	return nil
}
