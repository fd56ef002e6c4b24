-- Sends the requests of a file in turn, over connections that stay open.
--   wrk ... -s wrk.lua URL -- REQUESTS [ACKNOWLEDGED]
-- REQUESTS: "METHOD PATH", header lines, an empty line, then per body its size, a line end, itself.
-- ACKNOWLEDGED: where each score id of a 2xx answer is written with its record key.

local requests, turn, acknowledged = {}, 0, nil

local function read(name)
  local file = assert(io.open(name, "rb"))
  local method, path = file:read("*l"):match("^(%S+) (%S+)$")
  local headers = {}
  local line = file:read("*l")
  while line ~= "" do
    local header, value = line:match("^([^:]+): (.*)$")
    headers[header] = value
    line = file:read("*l")
  end
  local size = file:read("*l")
  while size do
    local body = tonumber(size) > 0 and file:read(tonumber(size)) or nil
    requests[#requests + 1] = wrk.format(method, path, headers, body)
    size = file:read("*l")
  end
  file:close()
end

-- Without this function wrk does not even read the bodies of the answers.
local function write_down(status, headers, body)
  if status < 300 then
    local score = body:match('"score_id":%s*"([^"]+)"')
    local record = body:match('"record_key":%s*"([^"]+)"')
    acknowledged:write(score or "none", " ", record or "none", "\n")
  end
end

function init(arguments)
  read(arguments[1])
  if arguments[2] then
    acknowledged = assert(io.open(arguments[2], "w"))
    response = write_down
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "refused": %d, "broken": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
