-- compose.yaml 首次启动时执行，在 postgres-roles.sql 之后：密码取自 secrets，另建 Temporal 的账号。
-- Run once by compose.yaml after postgres-roles.sql: passwords from the secrets, and an account for Temporal.
\set owner `cat /run/secrets/owner_password`
\set app `cat /run/secrets/app_password`
\set temporal `cat /run/secrets/temporal_password`
ALTER ROLE dingbian_owner PASSWORD :'owner';
ALTER ROLE dingbian_app PASSWORD :'app';
CREATE ROLE temporal LOGIN CREATEDB NOSUPERUSER NOCREATEROLE PASSWORD :'temporal';
