package normal

// OtherNames is otherNames, for tests.
var OtherNames = otherNames
