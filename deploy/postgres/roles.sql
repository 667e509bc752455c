-- The roles of the hub in PostgreSQL, each with the least it needs. Run in the hub's own database, as its owner or a
-- superuser; may be run again at any time:
--
--   createdb onderwijshub && psql -d onderwijshub -f deploy/postgres/roles.sql
--
--   hub_projector   makes and fills the tables in schema hub   HUB_DATABASE of the projector
--   hub_gateway     reads them                                 HUB_DATABASE of gateway and alarm; HUB_DATABASE_READER of
--                                                              `hub up`
--
-- Processor, courier and steward need no database. The schema itself is of who runs this file, so no part can drop it.
-- No password stands here: `\password hub_gateway`, and then a password file that the URL names
-- (postgresql://hub_gateway@host/onderwijshub?passfile=/run/secrets/pgpass&sslmode=verify-full).

DO $$
DECLARE
  part text;
BEGIN
  FOREACH part IN ARRAY ARRAY['hub_projector', 'hub_gateway'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = part) THEN
      EXECUTE format('CREATE ROLE %I LOGIN', part);
    END IF;
    EXECUTE format('ALTER ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', part);
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM %I', current_database(), part);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), part);
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = hub', part, current_database());
  END LOOP;
  -- Left alone, everybody may come in, make temporary tables and (before PostgreSQL 15) tables in public.
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA IF NOT EXISTS hub;
REVOKE ALL ON SCHEMA hub FROM PUBLIC, hub_projector, hub_gateway;
GRANT USAGE, CREATE ON SCHEMA hub TO hub_projector;
GRANT USAGE ON SCHEMA hub TO hub_gateway;

-- What the projector makes from now on, and what it has made already.
ALTER DEFAULT PRIVILEGES FOR ROLE hub_projector IN SCHEMA hub REVOKE ALL ON TABLES FROM hub_gateway;
ALTER DEFAULT PRIVILEGES FOR ROLE hub_projector IN SCHEMA hub GRANT SELECT ON TABLES TO hub_gateway;
REVOKE ALL ON ALL TABLES IN SCHEMA hub FROM hub_gateway;
GRANT SELECT ON ALL TABLES IN SCHEMA hub TO hub_gateway;
