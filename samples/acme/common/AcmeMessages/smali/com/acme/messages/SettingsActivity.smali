.class public Lcom/acme/messages/SettingsActivity;
.super Landroid/preference/PreferenceActivity;

.method public constructor <init>()V
    .registers 1
    invoke-direct {p0}, Landroid/preference/PreferenceActivity;-><init>()V
    return-void
.end method
