day-today = today
day-tomorrow = tomorrow
day-yesterday = yesterday
relative-now = now
relative-in-minutes = in { $n } min
relative-in-hours = in { $n ->
    [one] 1 hour
   *[other] { $n } hours
 }
relative-in-days = in { $n ->
    [one] 1 day
   *[other] { $n } days
 }
relative-minutes-ago = { $n } min ago
relative-hours-ago = { $n ->
    [one] 1 hour
   *[other] { $n } hours
 } ago
relative-days-ago = { $n ->
    [one] 1 day
   *[other] { $n } days
 } ago
