#!/bin/bash
# Run by MariaDB's image on its first start: a database for each context, and an account that may use no other.
set -eu
for context in auth media catalog; do
  variable=${context^^}_DATABASE_PASSWORD
  mariadb -uroot -p"$MARIADB_ROOT_PASSWORD" <<SQL
CREATE DATABASE IF NOT EXISTS shop_$context CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE USER IF NOT EXISTS '$context'@'%' IDENTIFIED BY '${!variable}';
GRANT ALL ON shop_$context.* TO '$context'@'%';
SQL
done
