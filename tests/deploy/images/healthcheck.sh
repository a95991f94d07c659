#!/bin/bash
# What the health check of MariaDB's own image is called; its arguments are that one's.
exec mariadb-admin -uroot -p"$MARIADB_ROOT_PASSWORD" --silent ping
