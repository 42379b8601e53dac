# The call page and the device check.
call-microphone = Microphone
call-camera = Camera
call-speaker = Speaker
call-off = Off
call-microphone-turn-on = Turn the microphone on
call-microphone-turn-off = Turn the microphone off
call-camera-turn-on = Turn the camera on
call-camera-turn-off = Turn the camera off
call-camera-is-off = The camera is off
call-camera-starts = Starting the camera
call-share = Share screen
call-sharing = Sharing
call-share-start = Share your screen
call-share-stop = Stop sharing your screen
call-layout-grid = Grid
call-layout-speaker = Large picture
call-layout-to-grid = Show everyone alike
call-layout-to-speaker = Show one large
call-devices = Devices
call-devices-open = Choose devices
call-controls = Call controls
call-close = Close
call-shortcuts = Keyboard shortcuts
call-leave-word = Leave
call-leave = Leave the call
call-test-sound = Play a test sound
call-try-again = Try again
call-back = Back

call-join = Go to the waiting room
call-join-provider = Open the room
call-joining = Connecting
call-join-note = You pay only for the time you and { $name } are in the call together.
call-price-cap = { $rate }/min, at most { $cap }
call-check-title = Test camera and sound
call-check-good = Camera and microphone work.

call-lobby-title = You are in the waiting room
call-lobby = { $name } knows that you are here. You pay only while you are both in the call.
call-lobby-reconnecting = Reconnecting. Your place is kept.
call-lobby-starts-in = Starts in
call-lobby-started = Started
call-lobby-cost = Costs now
call-lobby-leave = Leave the waiting room
call-admit-waited = { $minutes ->
    [0] Just arrived in the waiting room
   *[other] Has waited { $minutes } min
}
call-admit = Admit
call-dismiss = Turn away

call-stage = Pictures
call-stage-empty = Waiting for { $name }. The clock does not run until you are both here.
call-tile-you = You
call-tile-screen = { $name }’s screen
call-tile-muted = microphone off
call-tile-lost = Reconnecting

call-time-left = { $time } left
call-meter-label = Cost so far
call-meter-free = Free
call-meter-fixed = Fixed price { $amount }
call-meter-running = { $cost } of at most { $cap }
call-meter-paused = The clock has stopped
call-meter-cap = Maximum reached
call-network-weak = Weak network

call-banner-reconnecting = Reconnecting. You do not pay while you are out.
call-banner-reconnecting-provider = Reconnecting. The clock stands still while you are out.
call-banner-far-lost = { $name } lost the connection. The clock has stopped. Stay here, and the call goes on when { $name } is back.
call-banner-sound = The browser wants a click before it plays sound.
call-banner-sound-on = Turn the sound on
call-banner-silent = Your microphone is on, but we hear nothing. Is the right one chosen?
call-banner-network = Your connection is weak. Sound goes before picture.
call-banner-time = The call ends at { $time }.
call-banner-cost = The price is close to its maximum, and stops there.

call-said-waiting = { $name } is in the waiting room
call-said-joined = { $name } has joined the call
call-said-back = { $name } is back
call-said-lost = { $name } lost the connection
call-said-left = { $name } left the call

call-ended-title = The call is over
call-ended-window = The booked time is over
call-ended-dismissed = You were not let in
call-ended-cancelled = The appointment is cancelled
call-ended-nothing = The call cost nothing.
call-ended-free = You talked for { $time }. The call was free.
call-ended-cost = { $time } cost { $cost }.
call-ended-cost-rest = { $time } cost { $cost }. We release the other { $rest }.
call-after = See the appointment
call-rejoin = Go back to the call
call-taken-title = The call is open somewhere else
call-taken = You are in the call from another tab or device.
call-taken-here = Use this page
call-refused-signed-out = You are signed out
call-refused-signed-out-way = Go back, sign in, and open the call again.
call-refused-not-yours = The call is not open to you
call-refused-not-yours-way = Check that you are signed in with the account the appointment was booked with.
call-refused-not-open = The room opens at { $time }
call-refused-not-open-way = You can leave this page open until then.
call-refused-over = The time for the call is over.
call-refused-unsupported = This browser cannot make video calls
call-refused-unsupported-way = Update the browser, or open the link in another one.

call-camera-blocked = Booka cannot use your camera
call-microphone-blocked = Booka cannot use your microphone
call-both-blocked = Booka cannot use your camera and microphone
call-camera-in-use = Another program is using the camera
call-microphone-in-use = Another program is using the microphone
call-camera-none = We find no camera
call-microphone-none = We find no microphone
call-help-chrome = Click the icon to the left of the web address, turn on Camera and Microphone, and try again.
call-help-chrome-android = Tap the icon to the left of the web address, then Permissions. Allow Camera and Microphone.
call-help-firefox = Click the crossed-out camera by the web address, remove the block, and try again.
call-help-safari-mac = In the Safari menu, choose Settings for { $domain }. Set Camera and Microphone to Allow.
call-help-safari-iphone = Tap the icon by the web address, then Website Settings. Set Camera and Microphone to Allow.
call-help-system = Your browser may use it, but the computer stops it. Open Privacy & Security in the settings and allow it for the browser.
call-help-camera-in-use = Close it and try again, or join with sound only.
call-help-microphone-in-use = Close it and try again.
call-help-camera-none = Connect a camera and try again, or join with sound only.
call-help-microphone-none = Connect a microphone and try again. Without one the others cannot hear you.
call-help-unknown = The browser gives no reason. Reload the page, or try another browser.
