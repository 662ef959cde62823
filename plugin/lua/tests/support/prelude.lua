package.cpath = "./?.so"
local weir = require("weir")

local function load(options)
    options = options or {}
    options.cache_dir = CACHE
    return weir.load(options)
end

-- A table's values by key, as Vector turns them into JSON: what has elements is an array.
local function json(value)
    if type(value) ~= "table" then
        if type(value) ~= "string" then return tostring(value) end
        return '"' .. value:gsub('[%c"\\]', function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
    end
    local parts, is_array = {}, rawlen(value) > 0
    for key, element in next, value do
        parts[#parts + 1] = is_array and json(element) or json(key) .. ":" .. json(element)
    end
    return (is_array and "[" or "{") .. table.concat(parts, ",") .. (is_array and "]" or "}")
end

-- What was found out about a log.
local function outcome(log)
    local told = rawget(log, "weir")
    if told == nil then return "clean" end
    return told.unjudged or "match"
end
