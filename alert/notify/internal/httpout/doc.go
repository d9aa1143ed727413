// Package httpout makes HTTP requests of notification channels to addresses that a user
// configured. It refuses addresses inside the network of the program, follows no redirects,
// uses no proxy, reads bounded responses, and keeps URLs and contents out of errors, since
// the URLs of many channels are secrets.
package httpout
