home-title = Talk to a professional today
home-lead = See available times without an account. Meet a vet, an electrician or a lawyer on video, and pay only for the time you talk.
home-search = Find a time
home-categories = Professions
home-soon = First available times
home-soon-in = Available soon in { $town }
home-soon-all = { $n ->
    [one] Show the one
   *[other] Show all { $n }
 }
how-title = How it works
how-1 = Choose a time
how-1-text = You see the most it can cost before you book. We reserve that amount and charge nothing yet.
how-2 = Test camera and sound
how-2-text = It takes a minute in the browser. You need no app.
how-3 = Talk, and pay for the time
how-3-text = The clock runs only while you are both in the call. If the professional doesn’t show up, you pay nothing.

search-what-question = What do you need help with?
search-what = What?
search-where = Where?
search-button = Search
search-none = Nothing found
search-found = { $n ->
    [one] 1 professional
   *[other] { $n } professionals
 }
search-found-today = { $n } available today
search-found-tomorrow = { $n } available tomorrow
search-found-week = { $n } available in the next seven days
search-place-unknown = We do not know the place “{ $place }”, so the results are from the whole country. Try the name of the nearest town.
search-place-nearest = Did you mean:
search-place-guessed = Showing results for { $place } instead of “{ $typed }”.
search-place-others = Or did you mean:
search-elsewhere = Nobody in { $place }, but these can help you by video:
search-empty = Nobody is available for this search. Try another word, another time or a larger area.
search-nobody = No professionals take bookings here yet.
search-wider = { $count ->
    [1] Search within { $radius } km (1 result)
   *[other] Search within { $radius } km ({ $count } results)
 }
search-reset = Reset filters
search-everything = Show all professionals
filters = Filters
filters-apply = Show results
filter-when = When
filter-radius = Distance
radius-any = Whole country
all-categories = All professions
when-any = Any time
when-today = Today
when-tomorrow = Tomorrow
when-week = The next seven days
no-times-soon = No available times right now.
see-provider = See the page
next-free = Next available: { $when }

category-vet = Vet
category-electrician = Electrician
category-lawyer = Lawyer
category-psychologist = Psychologist
category-plumber = Plumber
category-accountant = Accountant
category-doctor = Doctor
category-dentist = Dentist
category-carpenter = Carpenter
category-computer = Computer help

all-in-category = See all: { $category }
service-heading = Service
service-minutes = { $value } min
choose-time = Choose a time
step-now = Step { $n } of 4
month-before = Previous month
month-after = Next month
show-month = Show the whole month
free-times = { $n ->
    [0] no available times
    [one] 1 available time
   *[other] { $n } available times
 }
more-times = { $n ->
    [one] Show 1 more time
   *[other] Show { $n } more times
 }
day-empty = No available times on { $day }.
part-night = Night
part-morning = Morning
part-afternoon = Afternoon
part-evening = Evening
book-time = Book { $when }
hold-hint = We hold the time for 10 minutes while you book.
other-day = Choose another day
about-provider = About the professional
you-meet = You will meet { $names }.
provider-no-services = There is no service to book here yet.
find-another = Find somebody else
provider-payments-off = Services with a price cannot be booked here yet, because this server takes no payments.
provider-seller-unknown = Services with a price cannot be booked here now, because the business lacks what the law asks of whoever sells.
