//! What was once read as something else, without a word.

use super::*;

fn text(text: &str, question: &Question) -> Result<TableAnalysis, TableFaults> {
    analyse_table(text.as_bytes(), "runs.csv", Format::Text, question)
}

fn refused(rows: &str, question: &Question, words: &str) {
    let told = text(rows, question).map(|analysis| analysis.terminal_table()).unwrap_err().to_string();
    assert!(told.starts_with("1 fault in") && told.contains(words), "{words:?} is not in {told}");
}

#[test]
fn an_unknown_metric_above_one_has_no_direction() {
    let rows = "arm,seed,{}\nscratch,0,1.2\nscratch,1,1.3\nfrozen,0,2.4\nfrozen,1,2.3\n";
    for name in ["quality", "loss_reduction"] {
        let question = asking(|columns| columns.value = Some(name.to_owned()));
        refused(&rows.replace("{}", name), &question, "--higher-is-better or --lower-is-better");
    }
    let question = asking(|columns| columns.value = Some("bits_per_byte".to_owned()));
    refused(&rows.replace("{}", "bits_per_byte"), &question, "--margin-pp 0.09");
    let with_margin = Question { margin_pp: Some(0.1), ..question };
    let judged = text(&rows.replace("{}", "bits_per_byte"), &with_margin).unwrap();
    assert!(judged.contrasts[0].decision.gap.mean_pp < -1.0);
}

#[test]
fn per_cents_by_the_name_of_their_column_are_small_ones() {
    let rows = "arm,seed,error (%)\nscratch,0,0.20\nscratch,1,0.21\nfrozen,0,0.60\nfrozen,1,0.62\n";
    let judged = text(rows, &asking(|columns| columns.value = Some("error (%)".to_owned()))).unwrap();
    assert!((judged.contrasts[0].decision.gap.mean_pp + 0.405).abs() < 1e-9, "{:?}", judged.contrasts[0].decision.gap);
}

#[test]
fn a_status_under_a_longer_name_counts() {
    for name in ["run.state", "State.name", "trial_status", "Run State", "attributes.status"] {
        let rows = format!(
            "{name},arm,seed,top1\nfinished,scratch,0,.6\nfinished,scratch,1,.61\nfinished,frozen,0,.5\nFAILED,frozen,1,.2\n"
        );
        refused(&rows, &Question::default(), "did not come to its end");
    }
    // Ray's word for the end.
    let rows = "trial_id,status,arm,seed,top1\na,TERMINATED,scratch,0,.6\nb,TERMINATED,scratch,1,.61\nc,TERMINATED,frozen,0,.5\nd,TERMINATED,frozen,1,.52\n";
    assert!(text(rows, &Question::default()).is_ok());
}

#[test]
fn what_is_judged_is_of_the_test_and_named_as_it_is() {
    let rows = "arm,seed,train/acc,test_acc\nscratch,0,.99,.6\nscratch,1,.98,.61\nfrozen,0,.99,.5\nfrozen,1,.99,.52\n";
    let judged = text(rows, &Question::default()).unwrap();
    assert_eq!((judged.metric.as_str(), judged.contrasts[0].decision.gap.mean_pp < -5.0), ("test_acc", true));
    let mut lines = vec!["arm,seed,doc_id,acc,acc_norm".to_owned()];
    for seed in 0..3 {
        for doc in 0..20 {
            lines.push(format!("scratch,{seed},{doc},{},{}", doc % 2, 1));
            lines.push(format!("other,{seed},{doc},{},{}", doc % 2, (doc + seed) % 3 / 2));
        }
    }
    let by_metric = text(&lines.join("\n"), &asking(|columns| columns.metric = Some("acc_norm".to_owned()))).unwrap();
    let by_column = text(&lines.join("\n"), &asking(|columns| columns.correct = Some("acc_norm".to_owned()))).unwrap();
    assert_eq!((by_metric.metric.as_str(), by_column.metric.as_str()), ("acc_norm", "acc_norm"));
    assert!(by_metric.contrasts[0].decision.gap.mean_pp < -50.0);
    assert_eq!(by_metric.contrasts, by_column.contrasts);
}

#[test]
fn cells_are_not_pooled_and_have_names() {
    let mut lines = vec!["dataset,arm,seed,example,correct".to_owned()];
    for seed in 0..3 {
        for (dataset, example) in [("birds", 0), ("birds", 1), ("birds", 2), ("cars", 0), ("cars", 1), ("cars", 2)] {
            lines.push(format!("{dataset},scratch,{seed},{dataset}/{example}.png,{}", (example + seed) % 2));
            lines.push(format!("{dataset},other,{seed},{dataset}/{example}.png,{}", example % 2));
        }
    }
    assert_eq!(text(&lines.join("\n"), &Question::default()).unwrap().contrasts.len(), 2);
    let target = lines.join("\n").replacen("dataset", "target", 1);
    refused(&target, &Question::default(), "--cell target");
    let one_cell = text(&target, &asking(|columns| columns.cell = vec!["none".to_owned()])).unwrap();
    assert_eq!(one_cell.contrasts.len(), 1);
    let blank = "dataset,arm,seed,top1\nA,scratch,0,.6\nA,scratch,1,.61\nA,frozen,0,.5\n,frozen,1,.52\n";
    refused(blank, &Question::default(), "dataset is empty");
}

#[test]
fn conditions_that_no_row_meets_are_told_and_numbers_are_numbers() {
    let rows = "arm,seed,top1\nscratch,1.0,.6\nscratch,2.0,.61\nscratch,3.0,.62\nfrozen,1.0,.5\nfrozen,2.0,.51\nfrozen,3.0,.53\n";
    for given in ["seed=2,3", "seed=99"] {
        refused(rows, &asking(|columns| columns.drop = vec![given.to_owned()]), "no row has this value");
    }
    for given in ["seed=2", "Seed=2.0"] {
        let judged = text(rows, &asking(|columns| columns.drop = vec![given.to_owned()])).unwrap();
        assert_eq!(judged.contrasts[0].decision.gap.num_replicates, 2);
    }
}

#[test]
fn rows_that_sum_up_others_are_no_runs() {
    let rows = "arm,seed,top1\nscratch,0,.6\nscratch,1,.61\nscratch,mean,.605\nfrozen,0,.5\nfrozen,1,.51\n";
    refused(rows, &Question::default(), "this row sums up others");
}

#[test]
fn nothing_copied_from_no_augmentation_is_no_scratch() {
    let rows = "augment,seed,top1\nnone,0,.6\nnone,1,.61\nflip,0,.5\nflip,1,.52\n";
    let question = asking(|columns| {
        (columns.arm, columns.reference) = (vec!["augment".to_owned()], Some("none".to_owned()));
    });
    let shown = text(rows, &question).unwrap().terminal_table();
    assert!(shown.contains("worse than none") && !shown.contains("scratch,"), "{shown}");
}

#[test]
fn one_source_file_is_no_fresh_source() {
    let rows = "arm,seed,top1,checkpoint\nscratch,0,.6,\nscratch,1,.61,\nfrozen,0,.5,a.pt\nfrozen,1,.52,a.pt\n";
    refused(rows, &Question { fresh_sources: true, ..Question::default() }, "column checkpoint has one file");
}

#[test]
fn many_faults_of_one_cause_are_told_by_a_few() {
    let mut lines = vec!["arm,seed,top1,filter".to_owned()];
    for seed in 0..20 {
        for filter in ["strict", "flexible"] {
            lines.push(format!("scratch,{seed},.6,{filter}\nother,{seed},.5,{filter}"));
        }
    }
    let told = text(&lines.join("\n"), &Question::default()).unwrap_err().to_string();
    assert!(told.starts_with("40 faults") && told.lines().count() == 6, "{told}");
    assert!(told.contains("the two differ in filter") && told.ends_with("… and 36 more of this cause"), "{told}");
}

#[test]
fn complements_and_negated_losses_have_their_sign() {
    for (name, gap) in [("1-wer", -10.0), ("1-acc", 10.0), ("top1", -10.0)] {
        let rows = format!("arm,seed,{name}\nscratch,0,.60\nscratch,1,.61\nfrozen,0,.50\nfrozen,1,.51\n");
        let judged = text(&rows, &asking(|columns| columns.value = Some(name.to_owned()))).unwrap();
        assert!((judged.contrasts[0].decision.gap.mean_pp - gap).abs() < 1e-6, "{name}");
    }
    let rows =
        "arm,fold,test_neg_root_mean_squared_error\nscratch,0,-2.0\nscratch,1,-2.1\nfrozen,0,-3.0\nfrozen,1,-3.2\n";
    let question = asking(|columns| columns.value = Some("test_neg_root_mean_squared_error".to_owned()));
    let judged = text(rows, &Question { margin_pp: Some(0.1), ..question }).unwrap();
    assert!(judged.contrasts[0].decision.gap.mean_pp < -1.0);
}

#[test]
fn columns_of_folds_are_no_numbers_or_measures_of_them() {
    let rows = "arm,seed,cv_acc,n_folds,top1\nscratch,0,.7,5,.6\nscratch,1,.71,5,.61\nfrozen,0,.7,10,.5\nfrozen,1,.72,10,.52\n";
    let judged = text(rows, &Question::default()).unwrap();
    assert_eq!((judged.method, judged.replicate_column.as_str()), (TableMethod::PairedT, "seed"));
    let with_iteration =
        "arm,fold,iteration,top1\nscratch,0,900,.6\nscratch,1,1000,.61\nfrozen,0,1000,.5\nfrozen,1,900,.52\n";
    assert_eq!(text(with_iteration, &Question::default()).unwrap().contrasts[0].decision.gap.num_replicates, 2);
    let wide = "arm,split0_test_accuracy,split1_test_accuracy,split0_train_accuracy,split1_train_accuracy\nscratch,.6,.61,.9,.9\nfrozen,.5,.52,.9,.9\n";
    let judged = text(wide, &Question::default()).unwrap();
    assert_eq!((judged.method, judged.metric.as_str()), (TableMethod::Resampled, "test_accuracy"));
    assert!(judged.terminal_table().contains("scope: this pool"), "{}", judged.terminal_table());
}

#[test]
fn sound_tables_with_other_columns_are_read() {
    let state = "arm,seed,state,top1\nscratch,0,CA,.6\nscratch,1,NY,.61\nfrozen,0,CA,.5\nfrozen,1,NY,.52\n";
    assert!(text(state, &Question::default()).unwrap().terminal_table().contains("state holds no word"));
    let role = "arm,seed,role,metric,acc\nscratch,0,student,cosine,.6\nscratch,1,student,cosine,.61\nfrozen,0,student,l2,.5\nfrozen,1,student,l2,.52\n";
    assert_eq!(text(role, &Question::default()).unwrap().metric, "acc");
    // Nor does a number of runs make several of one replicate, where no study of nt says so.
    let run = "arm,replicate,role,run,acc\nscratch,0,student,1,.6\nscratch,0,student,2,.7\nfrozen,0,student,1,.5\n";
    refused(run, &Question::default(), "is already in line 2");
    let notes = "arm,seed,top1,notes\nscratch,0,.6,\"tuned by hand:\nlr 0.1, wd 1e-4, mixup 0.2, ema\"\nscratch,1,.61,\nfrozen,0,.5,\nfrozen,1,.52,\n";
    assert!(text(notes, &Question::default()).is_ok());
    let emptied = "arm,seed,top1\nscratch,0,.6\nscratch,1,.61\nfrozen,0,.5\nfrozen,1,.52\n,,\n,,\n";
    assert!(text(emptied, &Question::default()).is_ok());
    let aligned = "       arm  seed  top1\n0  scratch     0  0.60\n1  scratch     1  0.61\n2   frozen     0  0.50\n3   frozen     1  0.52\n";
    assert!(text(aligned, &Question::default()).is_ok());
    let markdown = "| arm | seed | top1 |\n|:---|---:|---:|\n| scratch | 0 | 0.60 |\n| scratch | 1 | 0.61 |\n| frozen | 0 | 0.50 |\n| frozen | 1 | 0.52 |\n";
    assert!(text(markdown, &Question::default()).is_ok());
    let training = "arm,seed,train/acc\nscratch,0,.6\nscratch,1,.61\nfrozen,0,.5\nfrozen,1,.52\n";
    refused(training, &Question::default(), "no column for the value");
    let guesses = "method,R@1,R@5,R@10\nscratch,35.1,62.2,74.1\nfrozen,30.2,58.3,70.0\n";
    assert!(text(guesses, &Question::default()).is_err());
}

#[test]
fn test_examples_that_are_taken_for_runs_are_named() {
    let mut lines = vec!["arm,seed,idx,acc".to_owned()];
    for seed in 0..3 {
        for idx in 0..10 {
            lines.push(format!("scratch,{seed},{idx},1\nother,{seed},{idx},{}", idx % 2));
        }
    }
    let told = text(&lines.join("\n"), &Question::default()).unwrap_err().to_string();
    assert!(told.contains("--example idx --correct acc"), "{told}");
    let question = asking(|columns| {
        (columns.example, columns.correct) = (Some("idx".to_owned()), Some("acc".to_owned()));
    });
    assert_eq!(text(&lines.join("\n"), &question).unwrap().contrasts[0].num_test_examples, Some(10));
}

#[test]
fn advice_is_an_option_as_it_must_be_given() {
    let mut lines = vec!["arm,target,seed,lr,acc".to_owned()];
    for (target, lr, seed) in
        [("a", 1, 0), ("a", 1, 1), ("a", 2, 0), ("a", 2, 1), ("b", 1, 0), ("b", 1, 1), ("b", 2, 0), ("b", 2, 1)]
    {
        lines.push(format!("scratch,{target},{seed},0.{lr},.7{seed}"));
        lines.push(format!("ft,{target},{seed},0.{lr},.7{}", 3 + seed + lr));
    }
    let rows = lines.join("\n");
    let told = text(&rows, &Question::default()).unwrap_err().to_string();
    assert!(told.contains("--arm arm,lr") && told.contains("--cell target,lr"), "{told}");
    let question = asking(|columns| columns.cell = vec!["target".to_owned(), "lr".to_owned()]);
    assert_eq!(text(&rows, &question).unwrap().contrasts.len(), 4);
    // A study's own table keeps its judged runs, whatever else is kept.
    let own = "arm,replicate,role,lr,acc\nscratch,0,final,.1,.70\nft,0,final,.1,.75\nscratch,0,final,.2,.70\nft,0,final,.2,.75\n";
    let told = text(own, &Question::default()).unwrap_err().to_string();
    assert!(told.contains("--keep role=final --keep lr=…"), "{told}");
    // The arm's name holds the sign of a condition.
    let signs = "arm,seed,acc\nlr=0.1,0,.7\nlr=0.1,1,.71\nlr=0.2,0,.75\nlr=0.2,1,.77\n";
    assert!(text(signs, &asking(|columns| columns.reference = Some("lr=0.1".to_owned()))).is_ok());
    let both = "arm,top1_seed1,top1_seed2,top5_seed1,top5_seed2\nscratch,.6,.61,.8,.8\nfrozen,.5,.52,.7,.7\n";
    refused(both, &asking(|columns| columns.wide = vec!["top*".to_owned()]), "--wide 'top1_seed*'");
    let no_seed = "scratch,finetuned\n.70,.75\n.71,.77\n";
    let wide = asking(|columns| columns.wide = vec!["scratch".to_owned(), "finetuned".to_owned()]);
    refused(no_seed, &wide, "no column for the replicate");
    let crashed =
        "arm,seed,State,acc\nscratch,0,finished,.7\nscratch,1,finished,.71\nft,0,finished,.75\nft,1,in limbo,.77\n";
    refused(crashed, &Question::default(), "--drop 'State=in limbo'");
    let unknown = "arm,seed,metric,value\nscratch,0,top1,.7\nscratch,1,top1,.71\nft,0,top1,.75\nft,1,top1,.77\n";
    refused(unknown, &asking(|columns| columns.metric = Some("foo".to_owned())), "there is no metric \"foo\"");
}
