day-today = i dag
day-tomorrow = i morgen
day-yesterday = i går
relative-now = nå
relative-in-minutes = om { $n } min
relative-in-hours = om { $n ->
    [one] 1 time
   *[other] { $n } timer
 }
relative-in-days = om { $n ->
    [one] 1 dag
   *[other] { $n } dager
 }
relative-minutes-ago = for { $n } min siden
relative-hours-ago = for { $n ->
    [one] 1 time
   *[other] { $n } timer
 } siden
relative-days-ago = for { $n ->
    [one] 1 dag
   *[other] { $n } dager
 } siden
