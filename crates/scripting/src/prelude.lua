-- The sandbox. It runs once in each interpreter, before any script, and makes everything that a script can reach
-- read-only: behind each shared table stands an empty one that shows it and refuses changes. Lua 5.1 has functions that
-- write to a table past its metatable; in scripts those ask here first.
--
-- `native` has the functions that are not Lua's own.

local native = ...
local globals = getfenv(0)

local type, error, tostring, select, next, rawget, byte =
  type, error, tostring, select, next, rawget, string.byte
local setmetatable, getmetatable, rawset, setfenv, getfenv, pcall =
  setmetatable, getmetatable, rawset, setfenv, getfenv, pcall
local loadstring, collectgarbage, frame, concat = loadstring, collectgarbage, debug.getinfo, table.concat
local gmatch = string.gmatch

-- What a read-only table shows.
local shown = {}

local function refuse()
  error('Attempt to modify a readonly table', 2)
end

local function check_writable(t)
  if shown[t] then error('Attempt to modify a readonly table', 0) end
end

-- The read-only face of `content`, and its metatable.
local function protect(content, own_metatable)
  local face = {}
  local metatable = { __index = content, __newindex = refuse, __metatable = own_metatable or false }
  shown[face] = content
  return setmetatable(face, metatable), metatable
end

-- Functions of ours that scripts can reach: their environment stays as it is.
local sealed = {}

-- Errors ----------------------------------------------------------------------------------------------------------

-- What a script catches: an error of the server's as its text.
local function caught(ok, failure, ...)
  if ok then return ok, failure, ... end
  if type(failure) == 'userdata' then failure = native.translate(failure) end
  if type(failure) == 'table' then
    local text = failure.err
    if type(text) == 'string' then failure = text end
  end
  return false, failure
end

-- What a coroutine failed with.
local function resumed(ok, failure, ...)
  if not ok and type(failure) == 'userdata' then failure = native.translate(failure) end
  return ok, failure, ...
end

-- Says where a script failed, once it has.
local function handler(failure)
  if type(failure) == 'userdata' then failure = native.translate(failure) end
  local level = 2
  local at = frame(level, 'Sl')
  while at and (at.what == 'C' or at.source == '=prelude') do
    level = level + 1
    at = frame(level, 'Sl')
  end
  if type(failure) ~= 'table' then failure = { err = 'ERR ' .. tostring(failure) } end
  if at and not shown[failure] then
    rawset(failure, 'source', at.source)
    rawset(failure, 'line', at.currentline)
  end
  return failure
end

-- What scripts know of Lua ----------------------------------------------------------------------------------------

local function pick(from, names)
  local picked = {}
  for name in gmatch(names, '%S+') do picked[name] = from[name] end
  return picked
end

local known = pick(_G, [[
  tostring assert tonumber rawequal getmetatable type select unpack gcinfo ipairs _VERSION getfenv error
]])

function known.pcall(...)
  return caught(pcall(...))
end

-- The script's handler runs when the error has left the function. Lua calls it before, where nothing could stop it if
-- the error was that the script is stopped.
local function handled(own, ok, failure, ...)
  if ok then return ok, failure, ... end
  if type(failure) == 'userdata' then failure = native.translate(failure) end
  local done, result = pcall(own, failure)
  if not done and type(result) == 'userdata' then result = native.translate(result) end
  return false, result
end

function known.xpcall(f, own)
  return handled(own, pcall(f))
end

function known.setmetatable(t, metatable)
  check_writable(t)
  return setmetatable(t, metatable)
end

function known.rawset(t, key, value)
  check_writable(t)
  return rawset(t, key, value)
end

function known.rawget(t, key)
  return rawget(shown[t] or t, key)
end

function known.next(t, key)
  return next(shown[t] or t, key)
end

function known.pairs(t)
  local content = shown[t]
  if not content then
    if type(t) ~= 'table' then
      error(("bad argument #1 to 'pairs' (table expected, got %s)"):format(t == nil and 'no value' or type(t)), 2)
    end
    return next, t, nil
  end
  return function(_, key) return next(content, key) end, t, nil
end

function known.setfenv(target, environment)
  if type(target) == 'number' then
    local at = target >= 1 and frame(target + 1, 'f')
    if not at then error("bad argument #1 to 'setfenv' (invalid level)", 2) end
    target = at.func
  end
  if sealed[target] then error("'setfenv' cannot change environment of given object", 2) end
  return setfenv(target, environment)
end

-- Chunks are texts: what is compiled already could do anything.
function known.loadstring(text, name)
  if type(text) == 'string' and byte(text) == 27 then
    return nil, 'attempt to load a binary chunk (only text is loaded)'
  end
  return loadstring(text, name)
end

function known.load(read, name)
  local pieces = {}
  while true do
    local piece = read()
    if piece == nil or piece == '' then break end
    if type(piece) ~= 'string' then return nil, 'reader function must return a string' end
    pieces[#pieces + 1] = piece
  end
  return known.loadstring(concat(pieces), name or '=(load)')
end

function known.collectgarbage(what)
  if what == nil or what == 'collect' or what == 'step' then return collectgarbage(what) end
  if what == 'count' then return collectgarbage('count') end
  return 0
end

local coroutines = pick(coroutine, 'create running status wrap yield')
local resume = coroutine.resume

function coroutines.resume(...)
  return resumed(resume(...))
end

local tables = pick(table, 'concat foreach foreachi getn maxn')
local insert, remove, sort = table.insert, table.remove, table.sort

function tables.insert(t, ...)
  check_writable(t)
  return insert(t, ...)
end

function tables.remove(t, ...)
  check_writable(t)
  return remove(t, ...)
end

function tables.sort(t, before)
  check_writable(t)
  return sort(t, before)
end

function tables.setn()
  error("'setn' is obsolete", 2)
end

local strings = pick(string, 'byte char dump format len lower rep reverse sub upper')
local step, replace, sub = native.patterns.step, native.patterns.gsub, string.sub
strings.find, strings.match = native.patterns.find, native.patterns.match
strings.gmatch, strings.gfind = native.patterns.gmatch, native.patterns.gmatch

-- What a function gives to replace a match by.
local function replacement(whole, value)
  if not value then return whole end
  if type(value) ~= 'string' and type(value) ~= 'number' then
    error(('invalid replacement value (a %s)'):format(type(value)), 4)
  end
  return value
end

function strings.gsub(text, pattern, by, count_max)
  if type(by) ~= 'function' then return replace(text, pattern, by, count_max) end
  text, pattern = tostring(text), tostring(pattern)
  local pieces, count, at, len = {}, 0, 0, #text
  count_max = count_max or len + 1
  local anchored = byte(pattern) == 94
  local function call(first, last, ...)
    if not first then return end
    return first, last, replacement(sub(text, first + 1, last), by(...))
  end
  while count < count_max do
    local first, last, value = call(step(text, pattern, at))
    if not first then break end
    count = count + 1
    pieces[#pieces + 1] = sub(text, at + 1, first)
    pieces[#pieces + 1] = value
    at = last
    if last == first then
      pieces[#pieces + 1] = sub(text, at + 1, at + 1)
      at = at + 1
    end
    if anchored or at > len then break end
  end
  pieces[#pieces + 1] = sub(text, at + 1)
  return concat(pieces), count
end

local maths = pick(math, [[
  abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log log10 max min mod modf pi pow rad sin
  sinh sqrt tan tanh
]])
maths.random = native.random
maths.randomseed = native.randomseed

known.coroutine = protect(coroutines)
known.table = protect(tables)
known.string = protect(strings)
known.math = protect(maths)
known.os = protect(pick(os, 'clock'))
known.bit = protect(native.bit)
known.cjson = protect(native.cjson)
known.cmsgpack = protect(native.cmsgpack)
known.struct = protect(native.struct)

-- The methods of strings.
local of_strings = getmetatable('')
of_strings.__index = strings
of_strings.__metatable = protect({ __index = known.string })

-- The server --------------------------------------------------------------------------------------------------------

local server = {}
for name, value in next, native.server do server[name] = value end

function server.replicate_commands() return true end
function server.breakpoint() return false end
function server.debug() end

known.server = protect(server)
known.redis = known.server

local function strict(content)
  return setmetatable(content, {
    __index = function(_, name)
      if type(name) ~= 'string' and type(name) ~= 'number' then
        error('Second argument to luaProtectedTableError must be a string or number', 2)
      end
      error(("Script attempted to access nonexistent global variable '%s'"):format(name), 2)
    end,
  })
end

-- Everything that was there before is gone; what is left of it is the face of what scripts know.
local function face_of(known, face)
  known._G = face
  known.__server__err__handler = handler
  known.__redis__err__handler = handler
  strict(known)
  shown[face] = known
  local metatable = { __index = known, __newindex = refuse }
  metatable.__metatable = protect({ __index = known.__server__err__handler, __newindex = refuse })
  setmetatable(face, metatable)
  return metatable
end

-- Functions of libraries know the same, but for KEYS and ARGV.
local known_by_functions = {}
for name, value in next, known do known_by_functions[name] = value end

for name in next, globals do globals[name] = nil end
face_of(known, globals)

-- While a library is loaded it knows only how to register functions.
local of_functions = {}
local functions_metatable = face_of(known_by_functions, of_functions)
local known_while_loading = {}
known_while_loading.server = protect(strict(native.loading))
known_while_loading.redis = known_while_loading.server
strict(known_while_loading)

for _, content in next, shown do
  for _, value in next, content do
    if type(value) == 'function' then sealed[value] = true end
  end
end

-- Running -----------------------------------------------------------------------------------------------------------

local running = { handler = handler, globals = globals, known = known }

-- Runs the text of a library, which registers its functions.
function running.library(library)
  functions_metatable.__index = known_while_loading
  setfenv(library, of_functions)
  local ok, failure = pcall(library)
  functions_metatable.__index = known_by_functions
  if not ok and type(failure) == 'userdata' then failure = native.translate(failure) end
  return ok, failure
end

return running
