# Reads a release's folder as its labels.R does, and says what is not as it should be. A warning is one.
options(warn = 2)
dir <- commandArgs(trailingOnly = TRUE)[1]
source(file.path(dir, "labels.R"), encoding = "UTF-8")
tables <- read_release(dir)
codes <- read_release(dir, codes = TRUE)
for (name in names(tables)) {
  labelled <- tables[[name]]
  plain <- codes[[name]]
  cat(sprintf("rows,%s,%d\n", name, nrow(labelled)))
  stopifnot(identical(names(labelled), names(plain)), identical(names(labelled)[1], "study_id"))
  for (column in names(labelled)) {
    x <- labelled[[column]]
    if (is.null(attr(x, "label"))) cat(sprintf("wrong,%s.%s has no label\n", name, column))
    if (!is.factor(x)) next
    if (anyDuplicated(levels(x))) cat(sprintf("wrong,%s.%s has a level twice\n", name, column))
    if (!identical(is.na(x), is.na(plain[[column]]))) cat(sprintf("wrong,%s.%s loses values that are not of its list\n", name, column))
    of <- tapply(as.character(plain[[column]]), droplevels(x), function(v) length(unique(v)))
    if (any(of > 1)) cat(sprintf("wrong,%s.%s has one label for several codes\n", name, column))
  }
}
pairs <- subset(codes$outcomes_paired, consent == "consented")
for (p in split(pairs, list(pairs$instrument, pairs$score, pairs$timepoint), drop = TRUE)) {
  d <- subset(p, !is.na(follow_up))
  if (nrow(d) < 2 || sd(d$change) == 0) next
  t <- t.test(d$follow_up, d$baseline, paired = TRUE)
  better <- ifelse(d$better == "lower", -d$change, d$change)
  figures <- c(nrow(d), nrow(p), mean(d$baseline), sd(d$baseline), mean(d$follow_up), sd(d$follow_up), mean(d$change), sd(d$change),
    t$conf.int, t$p.value, sum(d$responder, na.rm = TRUE), mean(d$change) / sd(d$change))
  cat("pairs", p$instrument[1], p$score[1], p$timepoint[1], sprintf("%.15g", figures), sep = ",")
  cat("\n")
}
