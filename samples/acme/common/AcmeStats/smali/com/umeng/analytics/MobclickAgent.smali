.class public Lcom/umeng/analytics/MobclickAgent;
.super Ljava/lang/Object;

# Stands for an analytics SDK: recognised by its class name.
.method public static onResume(Landroid/content/Context;)V
    .registers 1
    return-void
.end method
