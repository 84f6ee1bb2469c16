#!/usr/bin/env bash
# Readiness probe: a primary takes writes; a replica applies, and nothing it shows is older than MAX_LAG_SECONDS.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${MAX_LAG_SECONDS:?}"
readonly LEAST_FREE_KIB=4096 # InnoDB's tablespaces grow by as much

monitor() { timeout 4 mysql --defaults-file="$RUN/monitor.cnf" "${CLIENT[@]}"; }

[[ $(current_phase) == serving ]] || {
  echo "$(current_phase), not serving"
  exit 1
}

# A server whose disk is full keeps its clients waiting until there is room again.
read -r left < <(df --output=avail -k "$VOLUME" | tail -n 1)
((left >= LEAST_FREE_KIB)) || {
  echo "the volume is full: $left KiB left"
  exit 1
}

if ((ORDINAL == 0)); then
  [[ $(monitor <<<"SELECT @@GLOBAL.read_only + @@GLOBAL.offline_mode") == 0 ]] || {
    echo "not writable"
    exit 1
  }
  exit 0
fi

# heard: seconds since the source said anything, heartbeats included. age: of the oldest transaction being applied.
read -r receiver applier heard age < <(monitor <<'EOF'
SET time_zone = '+00:00';
SELECT c.SERVICE_STATE, a.SERVICE_STATE,
  TIMESTAMPDIFF(SECOND, GREATEST(c.LAST_HEARTBEAT_TIMESTAMP, c.LAST_QUEUED_TRANSACTION_END_QUEUE_TIMESTAMP,
    c.QUEUEING_TRANSACTION_START_QUEUE_TIMESTAMP), UTC_TIMESTAMP(6)),
  COALESCE((SELECT TIMESTAMPDIFF(SECOND, MIN(t), UTC_TIMESTAMP(6)) FROM (
    SELECT APPLYING_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP AS t
      FROM performance_schema.replication_applier_status_by_worker
      WHERE CHANNEL_NAME = '' AND APPLYING_TRANSACTION <> ''
    UNION ALL SELECT PROCESSING_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP
      FROM performance_schema.replication_applier_status_by_coordinator
      WHERE CHANNEL_NAME = '' AND PROCESSING_TRANSACTION <> '') AS applying WHERE t > '2000-01-01'), 0)
FROM performance_schema.replication_connection_status c
JOIN performance_schema.replication_applier_status a USING (CHANNEL_NAME) WHERE c.CHANNEL_NAME = '';
EOF
) || {
  echo "no answer, or no replication"
  exit 1
}
[[ $receiver != OFF && $applier == ON ]] || {
  echo "replication stands still: receiver $receiver, applier $applier"
  exit 1
}
if [[ $heard == NULL ]] || ((heard > MAX_LAG_SECONDS)); then
  echo "nothing from the primary for ${heard} s; more than $MAX_LAG_SECONDS s is too old to serve"
  exit 1
fi
((age <= MAX_LAG_SECONDS)) || {
  echo "$age s behind; more than $MAX_LAG_SECONDS s is too old to serve"
  exit 1
}
