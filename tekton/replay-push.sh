#!/usr/bin/env bash
# Sends the event of a push, with the secret token, as GitLab would:
#   tekton/replay-push.sh https://events.example.com                 a push of HEAD to main
#   tekton/replay-push.sh URL tests/tekton/events/tag.json           another event
# The token is in GITLAB_WEBHOOK_TOKEN; without it the Secret of the cluster is asked.
set -euo pipefail
cd "$(dirname "$0")/.."

url=${1:?the address of the event listener}
token=${GITLAB_WEBHOOK_TOKEN:-$(kubectl -n crispml-rollout get secret gitlab-webhook -o jsonpath='{.data.token}' | base64 -d)}

if [ -n "${2:-}" ]; then
  body=$(cat "$2")
else
  commit=$(git rev-parse HEAD)
  changed=$(git show --name-only --format= HEAD | sed 's/.*/"&"/' | paste -sd, -)
  body=$(cat <<BODY
{"object_kind": "push", "ref": "refs/heads/main", "after": "$commit", "checkout_sha": "$commit",
 "total_commits_count": 1, "project": {"id": ${PROJECT_ID:-1}, "git_http_url": "${REPOSITORY_URL:-$(git remote get-url origin)}"},
 "commits": [{"id": "$commit", "added": [], "modified": [$changed], "removed": []}]}
BODY
)
fi
case $(printf %s "$body" | tr -d ' \n') in
  *'"object_kind":"push"'*) event='Push Hook' ;;
  *'"object_kind":"tag_push"'*) event='Tag Push Hook' ;;
  *'"object_kind":"merge_request"'*) event='Merge Request Hook' ;;
  *) echo "this is no event of GitLab that starts something" >&2; exit 2 ;;
esac

# The token goes through a file descriptor, not into the list of processes.
curl -sS --fail-with-body -w '\n' -X POST -H 'Content-Type: application/json' \
  -H "X-Gitlab-Event: $event" -H @<(printf 'X-Gitlab-Token: %s' "$token") -d "$body" "$url"
