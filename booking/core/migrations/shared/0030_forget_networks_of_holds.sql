-- Of a hold that is over nobody asks the network, and of one that was booked not the browser or the address typed before.
UPDATE hold SET network_hash = '' WHERE state <> 'held' AND network_hash <> '';
UPDATE hold SET visitor_hash = '', contact_email = '' WHERE state = 'confirmed';
UPDATE hold SET contact_email = '', about = '' WHERE state = 'cancelled';
