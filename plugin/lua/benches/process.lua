local logs, detector = dofile("logs.lua"), load()
local events = {}
for number, log in ipairs(logs) do events[number] = { log = log } end

-- CPU time for each event, in nanoseconds.
local function measure(process)
    local start = os.clock()
    for number = 1, #events do process(events[number]) end
    return (os.clock() - start) * 1e9 / #events
end

local nothing, process = math.huge, math.huge
for _ = 1, ROUNDS do
    nothing = math.min(nothing, measure(function() end))
    process = math.min(process, measure(detector.process))
end
print(("process %.0f ns, a function that does nothing %.0f ns"):format(process, nothing))
