package courier

// Sign is the header's value.
var Sign = sign
