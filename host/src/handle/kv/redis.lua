-- Makes all changes of a namespace, or none. KEYS: values, versions and names by key, and what is counted. ARGV: the
-- most keys, the most bytes, and then four of each change: its key; the version that is expected, `-` for none,
-- `*` for any; `=` to set and `-` to delete; the value. Answers 0, or 1 where a key is not as expected, or 2 where
-- there is no room.
local keys, bytes = 0, 0
for at = 3, #ARGV, 4 do
  local key, expected = ARGV[at], ARGV[at + 1]
  local version = redis.call('HGET', KEYS[2], key)
  if expected ~= '*' and expected ~= (version or '-') then
    return 1
  end
  if version then
    keys = keys - 1
    bytes = bytes - #key - redis.call('HSTRLEN', KEYS[1], key)
  end
  if ARGV[at + 2] == '=' then
    keys = keys + 1
    bytes = bytes + #key + #ARGV[at + 3]
  end
end
local kept = tonumber(redis.call('HGET', KEYS[4], 'bytes') or '0')
local full = redis.call('HLEN', KEYS[2]) + keys > tonumber(ARGV[1]) or kept + bytes > tonumber(ARGV[2])
if full and (keys > 0 or bytes > 0) then
  return 2
end
for at = 3, #ARGV, 4 do
  local key = ARGV[at]
  if ARGV[at + 2] == '=' then
    local version = redis.call('HINCRBY', KEYS[4], 'version', 1)
    redis.call('HSET', KEYS[1], key, ARGV[at + 3])
    redis.call('HSET', KEYS[2], key, version)
    redis.call('ZADD', KEYS[3], 0, key)
  else
    redis.call('HDEL', KEYS[1], key)
    redis.call('HDEL', KEYS[2], key)
    redis.call('ZREM', KEYS[3], key)
  end
end
redis.call('HINCRBY', KEYS[4], 'bytes', bytes)
return 0
