-- For wrk: every request asks for an address that nobody asked for before, so nothing is held for it.
local asked, run = 0, ""

function init(arguments)
  run = arguments[1]
end

function request()
  asked = asked + 1
  local joint = wrk.path:find("?", 1, true) and "&" or "?"
  return wrk.format(nil, wrk.path .. joint .. "in=" .. run .. asked)
end
