-- Own Words on PostgreSQL: what the account that serves may do, so that not even it can change what was said.
--
-- Once, as an administrator of the server (the passwords are yours):
--     CREATE ROLE ownwords_owner LOGIN PASSWORD '…';
--     CREATE ROLE ownwords_app LOGIN PASSWORD '…';
--     CREATE DATABASE ownwords OWNER ownwords_owner ENCODING 'UTF8' TEMPLATE template0;
--     REVOKE ALL ON DATABASE ownwords FROM PUBLIC;
--     GRANT CONNECT ON DATABASE ownwords TO ownwords_app;
-- Then, and at every new version (and with `restore FILE --verify` in place of `migrate`, into such an empty database):
--     python -m bot migrate                 with OWNWORDS_DATABASE of ownwords_owner
--     psql -f rights.sql                    as ownwords_owner
--     python -m bot serve                   with OWNWORDS_DATABASE of ownwords_app

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ownwords_app;
GRANT USAGE ON SCHEMA public TO ownwords_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO ownwords_app;
GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ownwords_app;
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM ownwords_app;

-- Rows of these are added and never changed.
REVOKE UPDATE ON
    turns, quotes, desired_outcomes, outcome_marks, flags, outcome_reviews, enquiry_moves, entries, access_moves, audit,
    council_values, guidance_confirmations, deeds, forgotten, cuts, checkpoints
FROM ownwords_app;

-- Nor do these ever go. The others go when an enquiry is forgotten or the audit's years are over: the triggers of their
-- tables see to it that nothing else does, and whoever does not own a table cannot switch its triggers off.
REVOKE DELETE ON council_values, guidance_confirmations, deeds, cuts, checkpoints FROM ownwords_app;
