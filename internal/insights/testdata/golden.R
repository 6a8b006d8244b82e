# Makes golden.csv: made-up pairs, and what R says of them. Run here with R 4: Rscript golden.R
# kind: whole numbers 0 to 10; metric values of a converted score (steps of 0.01, many ties); continuous (no ties).
options(digits = 17)
set.seed(20261123)
number <- function(x) if (is.na(x)) "" else sprintf("%.15g", x)
sample_of <- function(kind, n) {
  metric <- c(7, 9.51, 11.25, 12.4, 13.33, 14.08, 14.75, 15.32, 15.84, 16.36, 16.88, 17.43, 17.98, 18.59, 19.25, 19.98, 20.73, 21.54, 22.35)
  switch(kind,
    whole = list(before = sample(0:10, n, TRUE), after = sample(0:10, n, TRUE), step = 1),
    metric = list(before = sample(metric, n, TRUE), after = sample(metric, n, TRUE), step = 0.01),
    fine = { d <- sample(c(-1, 1), n, TRUE) * sample(1:999, n); b <- sample(5000:9000, n, TRUE); list(before = b / 1000, after = (b + d) / 1000, step = 0.001) })
}
row_of <- function(id, kind, n) {
  s <- sample_of(kind, n)
  d <- s$after - s$before
  t <- t.test(s$after, s$before, paired = TRUE)
  steps <- round(d / s$step)
  steps <- steps[steps != 0]
  exact <- length(steps) <= 25 && !anyDuplicated(abs(steps))
  w <- suppressWarnings(wilcox.test(steps, exact = exact, correct = TRUE))
  r <- rank(abs(steps))
  dz <- mean(d) / sd(d)
  paste(c(id, kind, paste(s$before, collapse = " "), paste(s$after, collapse = " "), s$step, n, number(mean(s$before)), number(sd(s$before)), number(mean(s$after)), number(sd(s$after)),
    number(mean(d)), number(sd(d)), number(t$conf.int[1]), number(t$conf.int[2]), number(unname(t$statistic)), number(t$p.value), number(dz), number(dz * (1 - 3 / (4 * (n - 1) - 1))),
    number(sum(r[steps > 0])), number(sum(r[steps < 0])), number(w$p.value), exact), collapse = ",")
}
lines <- "id,kind,before,after,step,n,baseline_mean,baseline_sd,follow_up_mean,follow_up_sd,mean_change,sd_change,ci_low,ci_high,t,p,dz,gz,plus,minus,wilcoxon_p,exact"
id <- 0
for (kind in c("whole", "metric", "fine")) for (n in c(3, 5, 8, 12, 20, 25, 26, 40, 120)) {
  id <- id + 1
  lines <- c(lines, row_of(id, kind, n))
}
writeLines(lines, "golden.csv")
