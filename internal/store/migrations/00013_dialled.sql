-- +goose Up

-- Who of a voice campaign changed since a moment, without walking those of other campaigns.
CREATE INDEX contact_dial_changed ON contact (account_id, campaign_id, updated_at, id) WHERE dial <> '' AND deleted_at = 0;
