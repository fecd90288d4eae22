-- 登记数据库的两个角色：dingbian_owner 只用来迁移，dingbian_app 供工作进程和接口使用。
-- Two roles for the register: dingbian_owner migrates and nothing else, dingbian_app is what workers and APIs run as.
--
-- 由数据库管理员在登记数据库里执行一次；以后每次迁移用 `dingbian migrate --program-account dingbian_app` 授权，
-- 或再执行本文件一遍（可以反复执行；他人建好的表也交给 dingbian_owner）。
-- Run once by the server's administrator in the register's database. Later migrations grant by `dingbian migrate
-- --program-account dingbian_app`, or by this file again: it is repeatable, and hands over what somebody else made.
--
--   createdb --encoding=UTF8 --template=template0 dingbian
--   psql --set=ON_ERROR_STOP=1 --dbname=dingbian --file=deploy/postgres-roles.sql
--   psql --dbname=dingbian --command='\password dingbian_owner' --command='\password dingbian_app'

BEGIN;

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'dingbian_owner') THEN
        CREATE ROLE dingbian_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'dingbian_app') THEN
        CREATE ROLE dingbian_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
    END IF;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO dingbian_owner, dingbian_app', current_database());
END $$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO dingbian_owner;
REVOKE ALL ON SCHEMA public FROM dingbian_app;
GRANT USAGE ON SCHEMA public TO dingbian_app;

-- 他人先前建好的表、序列和函数归 dingbian_owner：归谁，谁才能停用触发器。
-- What somebody else made before belongs to dingbian_owner: only an owner can switch a trigger off.
DO $$
DECLARE
    made record;
BEGIN
    FOR made IN
        SELECT c.oid::regclass AS name FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
          AND c.relowner <> 'dingbian_owner'::regrole
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO dingbian_owner', made.name);
    END LOOP;
    FOR made IN
        SELECT p.oid::regprocedure AS name FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proowner <> 'dingbian_owner'::regrole
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO dingbian_owner', made.name);
    END LOOP;
END $$;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, dingbian_app;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, dingbian_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO dingbian_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO dingbian_app;

-- 只增不改的表（台账、存证日志、审计等，凭其触发器认出）只可读、只可加。
-- Tables that are only ever added to (journal, log, audit …), known by their trigger: to be read and added to, no more.
DO $$
DECLARE
    immutable record;
BEGIN
    FOR immutable IN
        SELECT t.tgrelid::regclass AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = 'public'::regnamespace AND t.tgname = c.relname || '_immutable'
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE ON %s FROM dingbian_app', immutable.name);
    END LOOP;
    IF to_regclass('public.alembic_version') IS NOT NULL THEN
        REVOKE INSERT, UPDATE, DELETE ON public.alembic_version FROM dingbian_app;
    END IF;
END $$;

-- 以后迁移新建的表，再次执行本文件之前只可读、只可加。
-- Tables of later migrations: to be read and added to until this file is run again.
ALTER DEFAULT PRIVILEGES FOR ROLE dingbian_owner IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO dingbian_app;
ALTER DEFAULT PRIVILEGES FOR ROLE dingbian_owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO dingbian_app;

COMMIT;
